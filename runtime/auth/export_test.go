package auth

// RenewAt is renewAt, for tests.
var RenewAt = renewAt
