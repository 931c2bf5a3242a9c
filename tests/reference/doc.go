// Package reference starts the reference servers of the AT Protocol for tests: the PDS (@atproto/pds) and the PLC
// directory (@did-plc/server, its database in memory), both from npm, pinned by the lockfile in this folder.
//
//	func TestMain(m *testing.M) { os.Exit(reference.Main(m)) }
//
//	func TestCreate(t *testing.T) {
//		servers := reference.Start(t)
//		account := servers.Account(t)
//		uri, cid := account.CreateRecord(t, "pub.layers.expression.expression", "", json.RawMessage(`{...}`))
//		...
//	}
//
// # Servers
//
// [Start] starts one PDS and one directory for each test process, when the first test calls it, and all tests of
// the process share them. [Main] stops them. If the process dies, or does not call Main, they stop by themselves, because
// their standard input closes. [StartWith] starts a pair for one test, with rate limits or another blob limit, or a
// second PDS that uses a running directory.
//
// Both listen on the loopback interface only, on free ports, over plain HTTP, so a client must allow private addresses.
// An account's DID document names [Servers.PDS]. Handles end in .test: DNS does not resolve them, but the PDS does
// (com.atproto.identity.resolveHandle).
//
// # Helpers
//
// [Servers.Account] makes a new account. The methods of an [Account] write and read over plain HTTP, make tokens (expired
// ones too), take the account down, deactivate and delete it, and change its entry in the directory: handle, PDS, signing
// key. [Servers.Proxy] starts a proxy of the PDS that counts the requests of each method and can answer in its place.
//
// [Lex] installs the lexicon tools of the protocol, the npm package @atproto/lex in the newest version that runs on
// Node.js 20.
//
// This package imports nothing from the SDK, so that it cannot share the SDK's mistakes.
//
// # Without Node
//
// The servers need Node.js, version 20 or later, and npm. Where there is none, or where npm cannot install the servers
// (no network), [Start] skips the test and says why. With CI=true in the environment the test fails instead.
//
// npm runs once for each machine and version of the lockfile, under a lock that test processes share. It installs into
// layers-go in the user's cache directory ([os.UserCacheDir]), some 250 MB, which may be deleted at any time. The
// first time takes a few minutes, since a database driver is compiled.
//
// The servers log only warnings and errors; [Servers.Log] returns the log, and a failed start shows its end. With
// LAYERS_REFERENCE_LOG=FILE in the environment, the servers append every request to that file.
//
// # Updating
//
// Change the versions in package.json, then run, in this folder:
//
//	npm install --package-lock-only --omit-lockfile-registry-resolved
//
// The lexicon tools have a package.json of their own, in the folder lex. The last option keeps the addresses of the registry
// out of the lockfile, so that it works with any registry.
package reference
