// Package acceptance holds the SDK against a repository that the reference PDS wrote, and against the
// verdict of the reference validator on each of its records. Its tests are all there is to it; the
// repository is in tests/testdata.
package acceptance
