// Package auth makes authenticated calls as an account: it logs in, keeps the session, and renews it
// (https://atproto.com/specs/xrpc#authentication).
//
// A program logs in once, with an app password:
//
//	store, err := auth.OpenStore("")
//	if err != nil {
//		return err
//	}
//	client, err := auth.Login(ctx, "alice.example.com", password, auth.WithStore(store))
//
// After that it resumes the session, which needs no request. Servers allow only a few logins a day.
//
//	client, err := auth.Resume(ctx, "", auth.WithStore(store))
//	if errors.Is(err, auth.ErrNoSession) {
//		return errors.New("log in first")
//	}
//
// The [Client] is a [rpc.Caller]: generated clients and other packages can use it for calls to the account's PDS.
//
// # Renewal
//
// An access token is valid for minutes or hours. After that, the server exchanges the refresh token for a new access
// token and a new refresh token; the old refresh token cannot be used again. So that no session gets lost:
//
//   - If several calls need a new token, only one requests it. This also holds for processes that share a [Store]:
//     the second process uses the session that the first has stored.
//   - A renewal continues if the call that began it is cancelled, and its result is stored before it is used.
//   - A crash leaves either the old or the new session in the store. If it is the old one although the server has
//     already issued a new one, it can still be renewed at servers that accept a used refresh token for a while, as
//     the reference PDS does for two hours. If the answer to a renewal is lost, the renewal is repeated in the same
//     way.
//   - A session does not end because its server cannot be reached. It ends only if the server says so:
//     [ErrSessionOver].
//
// # Moves
//
// If an account moves to another server, its sessions remain at the old server, which may still accept writes.
// [Client.CheckPDS] detects that; calls that write records check it automatically.
//
// # Secrets
//
// No error of this package contains a session's tokens, the password or the code of a second factor, nor do its types
// show them when they are printed, logged or marshalled. Only [Session.Tokens] and [Session.Export] return the
// tokens. The password is not kept after the login, unless [WithKeepPassword] or
// [WithStorePassword] says so.
//
// # Other ways to authenticate
//
// App passwords, tokens and stores are used only in this package. The rest of the module needs a [rpc.Caller], or one
// that also has the account's DID; and package xrpc authenticates requests by an [xrpc.Authorizer], which sees each
// request before it is sent and each answer that refuses it. OAuth, with a proof for each request and nonces in
// answers, can be implemented with the same two interfaces.
package auth
