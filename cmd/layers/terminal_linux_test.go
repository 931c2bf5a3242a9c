package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sys/unix"

	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/runtime/atptest/forge"
	"github.com/layers-pub/layers-go/runtime/multikey"
)

// pty is a pseudo-terminal that a command runs on.
type pty struct {
	t             *testing.T
	master, slave *os.File

	mu   sync.Mutex
	text []byte // what was shown
}

func newPTY(t *testing.T) *pty {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 25, Col: 100})
	}
	if err != nil {
		t.Fatal(err)
	}
	term := &pty{t: t, master: os.NewFile(uintptr(fd), "master")}
	if term.slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := term.master.Read(b)
			term.mu.Lock()
			term.text = append(term.text, b[:n]...)
			term.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { term.slave.Close(); term.master.Close() })
	return term
}

// shown returns what the terminal has shown.
func (term *pty) shown() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	return string(term.text)
}

// wait waits until the terminal shows text.
func (term *pty) wait(text string) {
	term.t.Helper()
	for begun := time.Now(); !strings.Contains(term.shown(), text); time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			term.t.Fatalf("the terminal does not show %q but %q", text, term.shown())
		}
	}
}

// types sends what somebody types.
func (term *pty) types(text string) {
	term.t.Helper()
	if _, err := io.WriteString(term.master, text); err != nil {
		term.t.Fatal(err)
	}
}

// echoes reports whether the terminal shows what is typed.
func (term *pty) echoes() bool {
	term.t.Helper()
	state, err := unix.IoctlGetTermios(int(term.slave.Fd()), unix.TCGETS)
	if err != nil {
		term.t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// start starts the command on the terminal.
func (term *pty) start(env []string, args ...string) *exec.Cmd {
	term.t.Helper()
	command, _ := process(term.t, args...)
	command.Env = append(append(command.Env, "NO_COLOR=1", "TERM=xterm"), env...)
	command.Stdin, command.Stdout, command.Stderr = term.slave, term.slave, term.slave
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := command.Start(); err != nil {
		term.t.Fatal(err)
	}
	term.t.Cleanup(func() { command.Process.Kill() })
	return command
}

const ctrlC, ctrlD = "\x03", "\x04"

// TestInterruptedPassword interrupts the prompt for a password: the command ends at once, and the terminal shows again
// what is typed.
func TestInterruptedPassword(t *testing.T) {
	term := newPTY(t)
	command := term.start([]string{"LAYERS_PASSWORD=", "LAYERS_AUTH_FILE=" + t.TempDir() + "/auth.json"}, "login", "alice.test", "--pds", "https://pds.invalid")
	term.wait("App password of alice.test: ")
	for begun := time.Now(); term.echoes(); time.Sleep(time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatal("the password is shown")
		}
	}
	term.types("sec" + ctrlC)
	command.Wait()
	if status := command.ProcessState.ExitCode(); status != 130 {
		t.Errorf("status %d: %q", status, term.shown())
	}
	term.wait("layers: interrupted")
	if !term.echoes() || strings.Contains(term.shown(), "sec") {
		t.Errorf("echo %v: %q", term.echoes(), term.shown())
	}
}

// TestColor looks for colors on a terminal, where they may be and where not.
func TestColor(t *testing.T) {
	const red = "\x1b[1;31mlayers:\x1b[0m unknown command"
	for _, test := range []struct {
		env  []string
		args []string
		want string
	}{
		{[]string{"NO_COLOR="}, []string{"nonsense"}, red},
		{[]string{"NO_COLOR="}, []string{"--quiet", "nonsense"}, red},
		{[]string{"NO_COLOR=1"}, []string{"nonsense"}, "layers: unknown command"},
		{[]string{"NO_COLOR=", "TERM=dumb"}, []string{"nonsense"}, "layers: unknown command"},
		{[]string{"NO_COLOR="}, []string{"--no-color", "list", "a.test", "nonsense"}, "layers: unknown collection"},
	} {
		term := newPTY(t)
		term.start(test.env, test.args...).Wait()
		term.wait("--help.")
		if !strings.HasPrefix(term.shown(), test.want) {
			t.Errorf("%v %v: %q", test.env, test.args, term.shown())
		}
	}
}

// TestShowTerminal draws a record on a terminal: as wide as that is, with colors if they are wanted, and with Hebrew between
// isolates.
func TestShowTerminal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "name.json")
	const corpus = `{"$type":"pub.layers.corpus.corpus","name":"שלום","description":"` + // 96 cells with the name of the fact
		`a text of just so many words that it fits in the hundred cells of the terminal of test","createdAt":"2026-01-02T03:04:05Z"}`
	if err := os.WriteFile(file, []byte(corpus), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		env   []string
		color bool
	}{{[]string{"NO_COLOR="}, true}, {[]string{"NO_COLOR=1"}, false}} {
		term := newPTY(t)
		term.start(test.env, "show", file).Wait()
		term.wait("05Z")
		shown := term.shown()
		if !strings.Contains(shown, "\u2068שלום (corpus)\u2069") || !strings.Contains(shown, "many words that it fits in the hundred cells of the terminal of test\r\n") {
			t.Errorf("%v: %q", test.env, shown)
		}
		if got := strings.Contains(shown, "\x1b["); got != test.color {
			t.Errorf("%v: colors %v in %q", test.env, got, shown)
		}
	}
}

// TestInterruptedInput interrupts commands that read what is typed.
func TestInterruptedInput(t *testing.T) {
	env := []string{"LAYERS_AUTH_FILE=" + signedIn(t, nil)}
	for _, args := range [][]string{
		{"decode", "-"}, {"decode", "/dev/stdin"}, {"create", "corpus.corpus"}, {"create", "corpus.corpus", "-"}, {"put", "corpus.corpus/3mabcdefghi2a"},
		{"blob", "put", "--type", "text/plain", "-"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			term := newPTY(t)
			command := term.start(env, append(args, "--allow-private")...)
			term.wait("reading from standard input; end with Ctrl-D")
			term.types("{\r" + ctrlC)
			command.Wait()
			if status := command.ProcessState.ExitCode(); status != 130 {
				t.Errorf("status %d: %q", status, term.shown())
			}
			term.wait("layers: interrupted")
		})
	}
	term := newPTY(t)
	command := term.start(env, "create", "corpus.corpus")
	term.wait("end with Ctrl-D")
	term.types("[]\r" + ctrlD)
	command.Wait()
	if status := command.ProcessState.ExitCode(); status != exit.Failed {
		t.Errorf("with Ctrl-D: status %d: %q", status, term.shown())
	}
}

// TestSignals ends commands that wait for a server, for standard input and for a pipe.
func TestSignals(t *testing.T) {
	asked := make(chan bool, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- true
		<-r.Context().Done()
	}))
	defer server.Close()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for signal, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		for _, args := range [][]string{
			{"decode", "-"}, {"decode", pipe}, {"create", "corpus.corpus"}, {"login", "alice.test"},
			{"resolve", hostileDID}, {"describe", hostileDID}, {"list", hostileDID, "corpus.corpus"}, {"pull", hostileDID},
			{"get", "at://" + hostileDID + "/corpus.corpus/1"}, {"query", "corpus.listCorpora"},
		} {
			command, stderr := process(t, append(args, "--plc", server.URL, "--appview", server.URL, "--allow-private")...)
			command.Env = append(command.Env, "LAYERS_PASSWORD=", "LAYERS_PDS=", "LAYERS_AUTH_FILE="+t.TempDir()+"/auth.json")
			stdin, err := command.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			startReady(t, command)
			switch args[0] {
			case "decode", "create", "login":
				time.Sleep(300 * time.Millisecond) // by then it mostly waits for its input; before that it must end, too
			default:
				<-asked
			}
			command.Process.Signal(signal)
			command.Wait()
			stdin.Close()
			if status := command.ProcessState.ExitCode(); status != want || strings.Count(stderr.String(), "\n") != 1 {
				t.Errorf("%v: status %d, want %d: %s", args, status, want, stderr)
			}
		}
	}
}

// TestConvertPipe refuses a pipe, which has no end to read an index from, without waiting for a writer.
func TestConvertPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	status, _, stderr := layers(t, nil, "convert", pipe, filepath.Join(t.TempDir(), "out.car"))
	if status != exit.Failed || !strings.Contains(stderr, pipe+": not a regular file") {
		t.Errorf("status %d: %s", status, stderr)
	}
}

// startReady starts a command and waits until it catches signals.
func startReady(t *testing.T, command *exec.Cmd) {
	t.Helper()
	ours, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	command.ExtraFiles = []*os.File{theirs}
	command.Env = append(command.Env, "LAYERS_TEST_READY=1")
	err = command.Start()
	theirs.Close()
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, ours)
}

// signedIn returns the file of a session with a server that h serves; nil never answers anything else.
func signedIn(t *testing.T, h http.Handler) (file string) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "createSession"):
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"did":%q,"handle":"alice.test","accessJwt":"a","refreshJwt":"r","active":true,"didDoc":{"id":%q,"service":[{"id":"#atproto_pds","type":"AtprotoPersonalDataServer","serviceEndpoint":%q}]}}`,
				hostileDID, hostileDID, "http://"+r.Host)
		case h != nil:
			h.ServeHTTP(w, r)
		default:
			io.Copy(io.Discard, r.Body) // before that the server does not see that the connection is closed
			<-r.Context().Done()
		}
	})
	server.Start()
	t.Cleanup(server.Close)
	file = filepath.Join(t.TempDir(), "auth.json")
	command, stderr := process(t, "login", hostileDID, "--pds", server.URL, "--allow-private")
	command.Env = append(command.Env, "LAYERS_PASSWORD=secret", "LAYERS_AUTH_FILE="+file)
	if err := command.Run(); err != nil {
		t.Fatal(err, stderr)
	}
	return file
}

// TestInterruptedBar interrupts apply while the server has its request: the bar says how far it has come, and claims
// nothing in the end.
func TestInterruptedBar(t *testing.T) {
	asked := make(chan bool, 10)
	file := signedIn(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "applyWrites") {
			io.Copy(io.Discard, r.Body)
			asked <- true
		}
		<-r.Context().Done()
	}))
	batch := filepath.Join(t.TempDir(), "batch.jsonl")
	line := `{"action":"create","collection":"pub.layers.corpus.corpus","value":{"$type":"pub.layers.corpus.corpus","name":"One","createdAt":"2026-01-02T03:04:05Z"}}` + "\n"
	if err := os.WriteFile(batch, bytes.Repeat([]byte(line), 3), 0o600); err != nil {
		t.Fatal(err)
	}
	term := newPTY(t)
	command := term.start([]string{"LAYERS_AUTH_FILE=" + file}, "apply", batch, "--allow-private")
	<-asked
	term.wait("operations")
	term.types(ctrlC)
	command.Wait()
	term.wait("run the same command again to continue")
	shown := term.shown()
	if status := command.ProcessState.ExitCode(); status != 130 {
		t.Errorf("status %d", status)
	}
	for _, wrong := range []string{"0 of 0", "3 of 3"} {
		if strings.Contains(shown, wrong) {
			t.Errorf("the terminal shows %q: %q", wrong, shown)
		}
	}
}

// screen returns the lines that a terminal has when all this was written to it.
func screen(t *testing.T, written string) (lines []string) {
	t.Helper()
	rows := make([][]rune, 1)
	row, column := 0, 0
	for text := []rune(written); len(text) > 0; text = text[1:] {
		switch c := text[0]; c {
		case '\n':
			if row++; row == len(rows) {
				rows = append(rows, nil)
			}
		case '\r':
			column = 0
		case '\x1b':
			n, used := 0, 1
			for used < len(text)-1 && strings.ContainsRune("[0123456789", text[used]) {
				if text[used] != '[' {
					n = 10*n + int(text[used]-'0')
				}
				used++
			}
			switch text[used] {
			case 'A': // up
				row = max(row-max(n, 1), 0)
			case 'J': // erase all from here on
				rows = rows[:row+1]
				rows[row] = rows[row][:min(column, len(rows[row]))]
			default:
				t.Fatalf("unknown sequence %q", string(text[:used+1]))
			}
			text = text[used:]
		default:
			for len(rows[row]) <= column {
				rows[row] = append(rows[row], ' ')
			}
			rows[row][column] = c
			column++
		}
	}
	for _, row := range rows {
		lines = append(lines, strings.TrimRight(string(row), " "))
	}
	return lines
}

// TestPauseAboveBar has a server ask for a pause while apply shows its bar: what it waits for stays above the bar, which goes
// on, and in the end the bar is gone and the message is there.
func TestPauseAboveBar(t *testing.T) {
	const bar, begin, end = "0 of 3 operations", "xrpc: com.atproto.repo.applyWrites", "retrying in 1m"
	barred := make(chan bool) // closed when the bar is there
	file := signedIn(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		select {
		case <-barred:
		case <-r.Context().Done():
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(w, `{"error":"RateLimitExceeded","message":"slowly"}`)
	}))
	batch := filepath.Join(t.TempDir(), "b.jsonl")
	line := `{"action":"create","collection":"corpus.corpus","value":{"name":"One","createdAt":"2026-01-02T03:04:05Z"}}` + "\n"
	if err := os.WriteFile(batch, bytes.Repeat([]byte(line), 3), 0o600); err != nil {
		t.Fatal(err)
	}
	term := newPTY(t)
	command := term.start([]string{"LAYERS_AUTH_FILE=" + file}, "apply", batch, "--allow-private")
	term.wait(bar)
	close(barred)
	term.wait(end)
	for frames, begun := strings.Count(term.shown(), bar), time.Now(); strings.Count(term.shown(), bar) < frames+3; time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatalf("the bar stands still: %q", term.shown())
		}
	}
	check := func(bars int) {
		t.Helper()
		lines := screen(t, term.shown())
		messages := 0
		for i, line := range lines {
			if strings.HasPrefix(line, begin) && strings.Contains(line, end) {
				messages++
			} else if bars > 0 && strings.Contains(line, bar) && messages == 0 {
				t.Errorf("line %d: the bar is above the message", i)
			}
			if strings.Contains(line, bar) {
				bars--
			}
		}
		if messages != 1 || bars != 0 {
			t.Errorf("%d messages, %d bars too few: %q", messages, bars, lines)
		}
	}
	check(1)
	term.types(ctrlC)
	command.Wait()
	term.wait("layers: interrupted")
	check(0)
}

// TestTailStatus runs tail on a terminal: events are lines of their own, below which the state of the stream is drawn again
// in place, and disappears at the end. Where the output is no terminal, there is no such line.
func TestTailStatus(t *testing.T) {
	account := forge.New(hostileDID, multikey.K256)
	var frames [][]byte
	for i := range 4 {
		collection := "pub.layers.corpus.corpus"
		if i == 2 {
			collection = "pub.layers.media.media"
		}
		frames = append(frames, forge.Frame(account.Commit(forge.Create(fmt.Sprintf("%s/%d", collection, i), "x")), int64(i+1), time.Now()))
	}
	next := make(chan bool)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		upgrader := websocket.Upgrader{}
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		for _, frame := range frames {
			if <-next {
				c.WriteMessage(websocket.BinaryMessage, frame)
			}
		}
		<-next
		c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Time{})
		c.ReadMessage()
	}))
	defer server.Close()
	args := []string{"tail", "--relay", server.URL, "--allow-private"}

	term := newPTY(t)
	command := term.start(nil, args...)
	term.wait("connected, no events yet")
	next <- true
	term.wait("at 1; corpus.corpus ")
	next <- true
	term.wait("at 2; corpus.corpus ")
	next <- true
	next <- true
	term.wait("at 4; ")
	lines := screen(t, term.shown())
	if len(lines) < 5 || !strings.Contains(lines[3], "4  create  at://"+hostileDID+"/pub.layers.corpus.corpus/3") || !strings.Contains(lines[4], "events/s, lag ") || !strings.Contains(lines[4], "at 4; media.media") {
		t.Errorf("%q", lines)
	}
	next <- true
	command.Wait()
	text := ""
	for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(5 * time.Millisecond) { // for the terminal to show it
		if text = strings.TrimSpace(strings.Join(screen(t, term.shown()), "\n")); !strings.Contains(text, "events/s") {
			break
		}
	}
	if status := command.ProcessState.ExitCode(); status != 0 || strings.Count(text, "\n") != 3 || strings.Contains(text, "events/s") || strings.Count(text, "  create  ") != 4 {
		t.Errorf("status %d: %s", status, text)
	}

	piped, stderr := process(t, args...)
	var out bytes.Buffer
	piped.Stdout = &out
	if err := piped.Start(); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		next <- true
	}
	if err := piped.Wait(); err != nil || stderr.Len() > 0 || strings.Count(out.String(), "\n") != 4 || strings.Contains(out.String(), "events/s") || strings.Contains(out.String(), "\x1b") {
		t.Errorf("%v: %s%s", err, out.String(), stderr)
	}
}
