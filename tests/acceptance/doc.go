// Package acceptance tests the SDK on a repository that the reference PDS wrote, and compares the SDK's verdict on
// each record with that of the reference validator. It has only tests; the repository is in tests/testdata.
package acceptance
