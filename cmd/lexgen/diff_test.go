package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// repository makes a module in a git repository, below its root, with one commit.
func repository(t *testing.T) (root, flag string) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Fatal("git is needed:", err)
	}
	root = module(t)
	gitRun(t, root, "init", "--quiet")
	flag = "--config=" + filepath.Join(root, "lexgen.json")
	expect(t, 0, "2 files, 3 changed", "generate", flag)
	commit(t, root)
	return root, flag
}

func gitRun(t *testing.T, dir string, args ...string) {
	t.Helper()
	command := exec.Command("git", append([]string{"-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"}, args...)...)
	command.Dir = dir
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, output)
	}
}

func commit(t *testing.T, root string) {
	t.Helper()
	gitRun(t, root, "add", "--all")
	gitRun(t, root, "commit", "--quiet", "--message", "change", "--allow-empty")
}

const (
	required   = "error com.example.app.note:/defs/main/record/properties/text: optional field text made required: existing data can lack it\n"
	requiredGo = required + "\tchanges example.AppNote.Text from lex.Opt[string] to string\n1 error\n"
)

// TestDiff compares the versions that diff knows: directories, revisions and the working tree.
func TestDiff(t *testing.T) {
	root, flag := repository(t)
	expect(t, 0, "no changes\n", "diff", flag)
	changed := strings.Replace(note, `"type": "object",`, `"type": "object", "required": ["text"],`, 1)
	write(t, root, "lexicons/com/example/app/note.json", changed)
	expect(t, 1, requiredGo, "diff", flag)
	expect(t, 1, requiredGo, "diff", flag, "HEAD")
	expect(t, 0, "no changes\n", "diff", flag, "HEAD", "HEAD")
	commit(t, root)
	expect(t, 0, "no changes\n", "diff", flag)
	expect(t, 1, requiredGo, "diff", flag, "HEAD^")
	expect(t, 1, "made optional", "diff", flag, "HEAD", "HEAD^")

	other := filepath.Join(t.TempDir(), "other")
	write(t, other, "com/example/app/note.json", note)
	expect(t, 1, requiredGo, "diff", flag, other)
	expect(t, 1, "made optional", "diff", flag, "HEAD", other)
	expect(t, 0, "no changes\n", "diff", flag, "HEAD^", other)
	write(t, other, "com/example/app/more.json", `{"lexicon": 1}`)
	write(t, other, "package.json", `{"name": "not a document"}`)
	expect(t, 0, other+": com/example/app/more.json: ", "diff", flag, "HEAD^", other)
	expect(t, 1, "neither a directory nor a git revision", "diff", flag, "missing")
	expect(t, 1, "neither a directory nor a git revision", "diff", flag, "--", "--output=x")
	expect(t, 2, "usage", "diff", flag, "a", "b", "c")
}

// TestDiffWithoutModule compares two directories where there is neither a configuration nor git.
func TestDiffWithoutModule(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, ".", "a/com/example/app/note.json", note)
	write(t, ".", "b/com/example/app/note.json", strings.Replace(note, "tid", "any", 1))
	expect(t, 1, "error com.example.app.note:/defs/main/key: changed record key from tid to any", "diff", "a", "b")
	expect(t, 1, "HEAD is neither a directory nor a git revision", "diff")
}

// TestCheckBreaking is the gate for CI: what has not been committed is compared with HEAD, and what has with its parent.
func TestCheckBreaking(t *testing.T) {
	root, flag := repository(t)
	expect(t, 0, "no earlier version of the documents\n", "check", flag, "--breaking")
	write(t, root, "README", "another commit")
	commit(t, root)
	expect(t, 0, "", "check", flag, "--breaking")
	changed := strings.Replace(note, `"type": "object",`, `"type": "object", "required": ["text"],`, 1)
	write(t, root, "lexicons/com/example/app/note.json", changed)
	const refused = " break the rules of lexicon evolution: 1 error; see `lexgen diff "
	expect(t, 1, required+"changes since HEAD"+refused+"HEAD`\n", "check", flag, "--breaking")
	gitRun(t, root, "checkout", "--quiet", "-b", "branch")
	commit(t, root)
	expect(t, 1, required+"changes since HEAD^"+refused, "check", flag, "--breaking")
	write(t, root, "README", "a commit after it")
	commit(t, root)
	expect(t, 0, "", "check", flag, "--breaking")
	expect(t, 1, required+"changes since HEAD~2"+refused, "check", flag, "--base", "HEAD~2")
	// CI tests the merge of a branch, whose first parent is the branch that it is merged into.
	gitRun(t, root, "checkout", "--quiet", "--detach", "HEAD~2")
	gitRun(t, root, "merge", "--quiet", "--no-ff", "--message", "merge", "branch")
	expect(t, 1, required+"changes since HEAD^"+refused, "check", flag, "--breaking")

	shallow := filepath.Join(t.TempDir(), "shallow")
	gitRun(t, root, "clone", "--quiet", "--depth=1", "file://"+root, shallow)
	expect(t, 1, "the clone is shallow and lacks the commit to compare with", "check", "--breaking", "--config="+filepath.Join(shallow, "lexgen.json"))
	warning := strings.Replace(changed, `"text": {"type": "string"}`, `"text": {"type": "string", "default": "a"}`, 1)
	write(t, root, "lexicons/com/example/app/note.json", warning)
	expect(t, 0, "warning com.example.app.note:/defs/main/record/properties/text: changed default", "check", flag, "--breaking")
}

// TestGenerateAccepts checks that generate and lock say what they accept.
func TestGenerateAccepts(t *testing.T) {
	root, flag := repository(t)
	changed := strings.Replace(note, `"type": "object",`, `"type": "object", "required": ["text"],`, 1)
	write(t, root, "lexicons/com/example/app/note.json", changed)
	write(t, root, "lexicons/com/example/app/more.json", strings.Replace(note, "app.note", "app.more", 1))
	expect(t, 0, "accepted:\nfine com.example.app.more: new document\n\tadds example.AppMore struct\n", "lock", flag)
	expect(t, 0, "3 files, 4 changed\n", "generate", flag) // nothing is left to accept
	write(t, root, "lexicons/com/example/app/note.json", strings.Replace(changed, "tid", "any", 1))
	expect(t, 0, "accepted without a verdict: for 1 of 1 changed documents, git does not have the version in the lockfile\n", "generate", flag)
	commit(t, root)
	write(t, root, "lexicons/com/example/app/note.json", strings.Replace(changed, "tid", "nsid", 1))
	expect(t, 0, "accepted:\nerror com.example.app.note:/defs/main/key: changed record key from any to nsid", "generate", flag)
}

// TestDiffNames checks that Go names are told by the name lock, as generate keeps them, in directories and revisions without one, too.
func TestDiffNames(t *testing.T) {
	root, flag := repository(t)
	const (
		view   = `{"lexicon": 1, "id": "com.example.defs", "defs": {"view": {"type": "object", "properties": {"record": {"type": "union", "refs": ["#view"]}}}}}`
		record = `{"lexicon": 1, "id": "com.example.viewRecord", "defs": {"main": {"type": "object", "properties": {}}}}`
		adds   = "fine com.example.viewRecord: new document\n\tadds example.ViewRecordObject struct\n1 fine\n"
	)
	write(t, root, "lexicons/defs.json", view)
	expect(t, 0, "adds example.ViewRecord interface", "generate", flag)
	commit(t, root)
	write(t, root, "lexicons/record.json", record)
	expect(t, 0, adds, "diff", flag)
	// The documents before and after in directories.
	older, newer := t.TempDir(), t.TempDir()
	for _, dir := range []string{older, newer} {
		write(t, dir, "defs.json", view)
		write(t, dir, "note.json", note)
	}
	write(t, newer, "record.json", record)
	expect(t, 0, adds, "diff", flag, "HEAD", newer)
	expect(t, 0, adds, "diff", flag, older)
	expect(t, 0, adds, "diff", flag, older, newer)

	// What is renamed knowingly is told. The name that gave way keeps its longer name even when the other one is gone.
	expect(t, 0, adds, "generate", flag)
	write(t, root, "lexgen.json", strings.Replace(config, "}", `, "names": {"com.example.viewRecord#main": "ViewRecord"}}`, 1))
	const renamed = "com.example.defs#view.record: ViewRecord would become ViewRecordUnion, since its name now belongs to something else"
	expect(t, 1, renamed, "generate", flag)
	const changes = "warning com.example.defs: only the Go API changes, not the data\n\tadds example.ViewRecordUnion interface { lex.Encodable viewRecordUnion() string }\n\tchanges example.View.Record from ViewRecord to ViewRecordUnion\n"
	expect(t, 0, changes, "diff", flag)
	expect(t, 0, "accepted:\n"+changes, "generate", flag, "--rename")
	commit(t, root)
	expect(t, 0, "no changes\n", "diff", flag)
	expect(t, 0, changes, "diff", flag, "HEAD^")
}
