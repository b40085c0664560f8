package secret_test

import (
	"testing"

	"devenv/devenv/secret"
)

func TestNamed(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"POSTGRES_PASSWORD": true, "PGPASSWORD": true, "password": true, "dbPassword": true, "DB_PASS": true, "MYSQL_PWD": true,
		"SECRET_KEY": true, "SECRET_KEY_BASE": true, "DJANGO_SECRET_KEY": true, "JWT_SECRET_OLD": true, "AWS_SECRET_ACCESS_KEY": true,
		"GITHUB_TOKEN": true, "apiKey": true, "API_KEY_2": true, "STRIPE_API_KEY": true, "SSH_PRIVATE_KEY": true, "splunk-token": true,
		"GOOGLE_APPLICATION_CREDENTIALS": true, "REDIS_PASSWD": true,

		"": false, "PWD": false, "OLDPWD": false, "PASS": false, "BYPASS": false, "TOKENIZERS_PARALLELISM": false, "PASSWORD_HASHERS": false,
		"PASSWORD_MIN_LENGTH": false, "POSTGRES_HOST_AUTH_METHOD": false, "ACCESS_TOKEN_EXPIRE_MINUTES": false, "TOKEN_URL": false,
		"SECRET_NAME": false, "SECRETARY": false, "KEY": false, "KEYCLOAK_URL": false, "MONKEY": false, "DATABASE_URL": false,
		"COMPOSE_PROJECT_NAME": false, "PRIVATE_KEY_PATH": false,
	} {
		if got := secret.Named(name); got != want {
			t.Errorf("Named(%q) = %v, want %v", name, got, want)
		}
	}
}

func TestMasked(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, value, want string }{
		{"POSTGRES_PASSWORD", "app", "********"},
		{"POSTGRES_PASSWORD", "", ""},
		{"POSTGRES_PASSWORD", "${POSTGRES_PASSWORD}", "${POSTGRES_PASSWORD}"},
		{"POSTGRES_PASSWORD", "${POSTGRES_PASSWORD:-hunter2}", "********"},
		{"ALLOW_EMPTY_PASSWORD", "yes", "yes"},
		{"API_KEY", secret.StandIn("env.API_KEY"), "<devenv secret env.API_KEY>"},
		{"API_KEY", secret.StandIn("env.API_KEY") + "hunter2", "********"},
		{"POSTGRES_USER", "app", "app"},
		{"DATABASE_URL", "postgresql+asyncpg://app:hunter2@db/app", "postgresql+asyncpg://app:********@db/app"},
		{"DATABASE_URL", "postgresql://app:p@ss:w@db:5432/app?x=y", "postgresql://app:********@db:5432/app?x=y"},
		{"DATABASE_URL", "postgresql://app:${PASSWORD}@db/app", "postgresql://app:${PASSWORD}@db/app"},
		{"DATABASE_URL", "postgresql://app@db/app", "postgresql://app@db/app"},
		{"BROKERS", "amqp://a:one@h1,amqp://b:two@h2", "amqp://a:********@h1,amqp://b:********@h2"},
		{"REDIS_URL", "redis://:hunter2@cache:6379/0", "redis://:********@cache:6379/0"},
		{"DATABASE_URL", "postgresql://app:two words/#?@db/app", "postgresql://app:********@db/app"},
		{"URL", "http://localhost:8000/?mail=a@b", "http://localhost:8000/?mail=a@b"},
		{"URL", "http://localhost:8000/a@b", "http://localhost:8000/a@b"},
		{"DSN", "host=db user=app password=hunter2 dbname=app", "host=db user=app password=******** dbname=app"},
		{"", "PGPASSWORD=hunter2 psql -h db", "PGPASSWORD=******** psql -h db"},
		{"", "curl http://x/?api_key=abc&page=2", "curl http://x/?api_key=********&page=2"},
		{"X", "ghp_" + "0123456789abcdefghij0123456789abcdef", "********"},
		{"X", "github_pat_" + "11ABCDEFG0123456789_abc", "********"},
		{"X", "id AKIA" + "IOSFODNN7EXAMPLE here", "id ******** here"},
		{"X", "xoxb-" + "123456789012-abc", "********"},
		{"X", "sk-" + "proj-0123456789abcdef0123", "********"},
		{"X", "task-sk-short", "task-sk-short"},
		{"X", "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n", "********\n"},
		{"TOKENIZERS_PARALLELISM", "4", "4"},
		{"PATH", "/usr/bin:/bin", "/usr/bin:/bin"},
	} {
		if got := secret.Masked(test.name, test.value); got != test.want {
			t.Errorf("Masked(%q, %q) = %q, want %q", test.name, test.value, got, test.want)
		}
	}
}

func TestMaskerKnowsTheValuesItWasTold(t *testing.T) {
	t.Parallel()
	masker := secret.NewMasker([]secret.Pair{
		{Name: "POSTGRES_USER", Value: "postgres"},
		{Name: "POSTGRES_PASSWORD", Value: "postgres"}, // no more secret than the user's name
		{Name: "ADMIN_PASSWORD", Value: "hunter2!"},
		{Name: "DATABASE_URL", Value: "postgresql://app:s3cr3t-one@db/app"},
		{Name: "PIN_PASSWORD", Value: "app"},
	})
	for text, want := range map[string]string{
		"login failed for app with hunter2!":   "login failed for app with ********",
		"auth s3cr3t-one rejected by postgres": "auth ******** rejected by postgres",
		"s3cr3t-one-more is another word":      "********-more is another word",
		"xs3cr3t-one":                          "xs3cr3t-one",
		"dial postgresql://a:zzzz@db: refused": "dial postgresql://a:********@db: refused",
		"nothing to hide":                      "nothing to hide",
	} {
		if got := masker.Text(text); got != want {
			t.Errorf("Text(%q) = %q, want %q", text, got, want)
		}
	}
	var none *secret.Masker
	if got := none.Text("PASSWORD=x"); got != "PASSWORD=********" {
		t.Errorf("a nil Masker gave %q", got)
	}
}

func TestMaskerMasksAModel(t *testing.T) {
	t.Parallel()
	masker := secret.NewMasker([]secret.Pair{{Name: "REDIS_PASSWORD", Value: "hunter2!"}})
	model := map[string]any{"command": []any{"redis-server", "--requirepass", "hunter2!"}}
	masker.Model(model)
	if got := model["command"].([]any)[2]; got != secret.Mask {
		t.Errorf("the command holds %v", got)
	}
}

func TestModelMasksInPlaceWhateverHoldsTheString(t *testing.T) {
	t.Parallel()
	type service struct {
		Environment map[string]*string
		Command     []string
		hidden      string
	}
	shared := "hunter2"
	model := map[string]any{
		"services": map[string]service{"db": {
			Environment: map[string]*string{"DB_PASSWORD": &shared, "DB_USER": &shared, "EMPTY": nil},
			Command:     []string{"serve", "--password=hunter2"},
			hidden:      "hunter2",
		}},
		"x-list": map[string]any{"tokens": []any{"a", 1}, "list": []any{"a"}},
	}
	secret.NewMasker(nil).Model(model)

	db := model["services"].(map[string]service)["db"]
	if got := *db.Environment["DB_PASSWORD"]; got != secret.Mask {
		t.Errorf("DB_PASSWORD is %q", got)
	}
	if got := *db.Environment["DB_USER"]; got != "hunter2" {
		t.Errorf("DB_USER is %q: a string that two keys share was masked for both", got)
	}
	if got := db.Command[1]; got != "--password=********" {
		t.Errorf("command is %q", got)
	}
	list := model["x-list"].(map[string]any)
	if got := list["tokens"].([]any)[0]; got != secret.Mask {
		t.Errorf("tokens[0] is %v", got)
	}
	if got := list["list"].([]any)[0]; got != "a" {
		t.Errorf("list[0] is %v", got)
	}
}
