package secret

import (
	"regexp"
	"strings"
)

// The words that end a secret's name, and the words that may follow them without changing what it is. A word is
// what stands between _, -, . or a change of case, so TOKENIZERS_PARALLELISM holds no TOKEN.
const (
	secretEnding = `(?:^|_)(?:PASSWORD|PASSWORDS|PASSWD|PASSPHRASE|PASSCODE|PGPASSWORD|SECRET|SECRETS|TOKEN|TOKENS|` +
		`CREDENTIAL|CREDENTIALS|APIKEY|(?:API|ACCESS|PRIVATE|SECRET|ENCRYPTION|ENCRYPT|SIGNING|SIGNATURE|MASTER|AUTH|JWT|` +
		`SSH|FERNET|LICENSE|SERVICE_ACCOUNT)_KEY|(?:[A-Z0-9]+_)(?:PASS|PWD))`
	harmlessEnding = `(?:_(?:\d+|BASE|BASE64|B64|OLD|NEW|PREVIOUS|CURRENT|DEFAULT|VALUE|DEV|TEST|LOCAL|STAGING|PROD|ROOT|ADMIN))*$`
)

var (
	secretName = regexp.MustCompile(secretEnding + harmlessEnding)
	camelCase  = regexp.MustCompile(`([a-z0-9])([A-Z])`)
	separators = regexp.MustCompile(`[-. ]`)
)

// Named tells whether a variable of that name holds a secret: POSTGRES_PASSWORD, apiKey, GITHUB_TOKEN, SECRET_KEY_BASE,
// but not PASSWORD_HASHERS, TOKEN_URL or POSTGRES_HOST_AUTH_METHOD.
func Named(name string) bool {
	if name == "" {
		return false
	}
	words := separators.ReplaceAllString(camelCase.ReplaceAllString(name, "${1}_$2"), "_")
	return secretName.MatchString(strings.ToUpper(words))
}
