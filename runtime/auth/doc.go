// Package auth makes calls as an account: it logs in, keeps the session, and renews it
// (https://atproto.com/specs/xrpc#authentication).
//
// A program logs in once, with an app password:
//
//	store, err := auth.OpenStore("")
//	if err != nil {
//		return err
//	}
//	client, err := auth.Login(ctx, "alice.example.com", password, &auth.Options{Store: store})
//
// From then on it resumes the session, which costs no request. Servers allow few logins a day.
//
//	client, err := auth.Resume(ctx, "", &auth.Options{Store: store})
//	if errors.Is(err, auth.ErrNoSession) {
//		return errors.New("log in first")
//	}
//
// The [Client] is a [lex.Caller]: generated clients and the other packages take it for calls to the
// account's PDS.
//
// # Renewal
//
// An access token lasts for minutes or hours. When it has ended, the server gives a new one for the refresh token,
// and a new refresh token with it; the old one is then spent. This is where sessions get lost, so:
//
//   - However many calls need a new token, one asks for it. In a [Store] that processes share, that holds for
//     all of them: a process that comes second takes the session that the first has stored.
//   - A renewal that has begun goes on when the call that began it is cancelled, and its result is stored before
//     anybody uses it.
//   - A crash leaves the old session in the store or the new one. Should it be the old one, though the server has
//     given the new one out already, it can still be renewed at servers that accept a spent token for a while, as
//     the reference PDS does for two hours. An answer that was lost on the way is asked for again in the same manner.
//   - A server that cannot be reached ends no session. What ends it is the server's word: [ErrSessionOver].
//
// # Moves
//
// An account that moves to another server leaves its sessions behind, and the old server may go on taking what is written
// there. [Client.CheckPDS], which calls that write records do by themselves, notices.
//
// # Secrets
//
// A session's tokens, the password and the code of a second factor are in no error of this package, and not in what
// is printed, logged or marshalled of its types. [Session.Tokens] and [Session.Export] hand the tokens out. The password
// is forgotten after the login; see [Options] for keeping it.
//
// # Other ways to authenticate
//
// Nothing outside this package knows of app passwords, tokens or stores. The rest of the module takes a
// [lex.Caller], or one that can also tell its account's DID; and package xrpc signs requests through an
// [xrpc.Authorizer], which sees each request before it is sent and each answer that refuses it. OAuth, with a
// proof for each request and nonces in answers, fits behind the same two interfaces.
package auth
