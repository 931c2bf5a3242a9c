package auth

// RenewAt is renewAt, for tests.
var RenewAt = renewAt

// Lock is FileStore.lock, for tests.
var Lock = (*FileStore).lock
