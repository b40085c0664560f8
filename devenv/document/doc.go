// Package document reads YAML that people write: it finds the line of whatever a message speaks of, and says what is
// wrong in the same words for every file that devenv knows. A Go type says what a document may hold; the same type
// gives the JSON schema by which editors complete.
package document
