// Package check finds what is probably wrong with records though their lexicons allow it: a misspelt known value, a span
// outside its text, a token index that no token has, heads that form a cycle, a reference to a record that is not there.
//
//	for _, warning := range check.Record(&layer) {
//		fmt.Println(warning)
//	}
//
// [Record] checks one record alone, and has the form in which packages write and batch take a check. A [Set] also checks
// the records of a set, such as a repository, against each other. Warnings are no errors: a program may have its reasons,
// and an open lexicon allows values that are not known.
package check
