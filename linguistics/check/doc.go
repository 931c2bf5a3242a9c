// Package check warns about records that are valid but probably wrong, for example because of a misspelt known value, a
// span outside its text, a token index that no token has, heads that form a cycle, or a reference to a record that does
// not exist.
//
//	for _, warning := range check.Record(&layer) {
//		fmt.Println(warning)
//	}
//
// [Record] checks a single record, and can be passed to packages write and batch as their option Check. A [Set] also
// checks the records of a set, such as a repository, against each other. Warnings are not errors: a program may have
// its reasons, and lexicons allow values that are not among the known ones.
package check
