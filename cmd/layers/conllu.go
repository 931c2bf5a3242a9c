package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/archive"
	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/internal/disk"
	"github.com/layers-pub/layers-go/linguistics/conllu"
	"github.com/layers-pub/layers-go/linguistics/treebank"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
)

func importCommand(s *connect.Servers) *cobra.Command {
	command := &cobra.Command{
		Use:     "import",
		GroupID: groupWrite,
		Short:   "Turn a file of another format into a batch of records",
	}
	command.AddCommand(importCoNLLU(s))
	return command
}

func exportCommand(s *connect.Servers) *cobra.Command {
	command := &cobra.Command{
		Use:     "export",
		GroupID: groupRead,
		Short:   "Turn records into a file of another format",
	}
	command.AddCommand(exportCoNLLU(s))
	return command
}

func importCoNLLU(s *connect.Servers) *cobra.Command {
	var account, document, per, created, from string
	var languages []string
	var fresh bool
	command := &cobra.Command{
		Use:   "conllu FILE.conllu",
		Short: "Turn a CoNLL-U treebank into a batch for apply",
		Long: `Conllu prints the operations that bring the records of a treebank into the
repository of the account --did, as lines for layers apply. Nothing is sent.
On standard error it says how many operations these are, and how long apply will
take at the server's rate limits.

The operations are the difference from the records that the repository has. They are
read from the account's PDS, or from the file or directory --from; with --new, there
are none. So importing a file again prints what changed in it, and nothing if it is
the same. Records that other programs made are never deleted.

The records are an expression for the document and one for each sentence, and, for the
document or each of its sections, a segmentation and the layers of lemmas, parts of
speech, features, dependencies, enhanced dependencies, multiword tokens and MISC.
With --per sentence, each sentence has a segmentation and layers of its own, which
takes some eight times as many records. layers export conllu writes the file again,
byte for byte.

Record keys depend on the name of the document, which is that of the file unless
--document gives another.`,
		Example: `  layers import conllu en_pud-ud-test.conllu --did did:plc:ewvi7nxzyoun6zhxrhs64oiz > batch.jsonl
  layers apply batch.jsonl`,
		Args: arguments(1, 1, "one FILE.conllu, or - for standard input"),
		RunE: func(command *cobra.Command, args []string) error {
			ctx := command.Context()
			options, err := importOptions(args[0], account, document, per, created, languages)
			if err != nil {
				return err
			}
			if fresh && from != "" {
				return exit.Misuse("--new and --from exclude each other")
			}
			sentences, err := readSentences(ctx, command, args[0])
			if err != nil {
				return err
			}
			all, err := treebank.Import(sentences, options)
			if err != nil {
				return exit.Failure(exit.About(args[0], err))
			}
			set := &treebank.Set{}
			if !fresh {
				if err := readSet(ctx, command, s, set, from, syntax.AtIdentifier(options.DID)); err != nil {
					return exit.WithHint(err, "--new imports without comparing with the records that there are")
				}
			}
			put, remove, err := set.Changes(all, options)
			if err != nil {
				return exit.Failure(exit.About(args[0], err))
			}
			return printBatch(command, set, put, remove, len(all))
		},
	}
	flags := command.Flags()
	flags.StringVar(&account, "did", "", "the `DID` of the account that the records are for (required)")
	flags.StringVar(&document, "document", "", "the `NAME` of the document, on which record keys depend (default that of the file)")
	flags.StringVar(&per, "per", "document", "what has a segmentation and layers of its own: `document or sentence`")
	flags.StringVar(&created, "created-at", "", "the `TIME` of creation of new records (default now)")
	flags.StringSliceVar(&languages, "language", nil, "a BCP 47 `TAG` of the text's language; may be repeated")
	flags.StringVar(&from, "from", "", "compare with the records in `PATH`: an archive, a .jsonl file, or a directory of these")
	flags.BoolVar(&fresh, "new", false, "do not compare with the records that the repository has")
	return command
}

// importOptions reads the flags of import conllu.
func importOptions(file, account, document, per, created string, languages []string) (*treebank.Options, error) {
	if account == "" {
		return nil, exit.Misuse("--did is required")
	}
	did, err := syntax.ParseDID(account)
	if err != nil {
		return nil, exit.Misuse("--did: %v", err)
	}
	if per != "document" && per != "sentence" {
		return nil, exit.Misuse("--per %s: must be document or sentence", terminal.OneLine(per))
	}
	at := syntax.Datetime(time.Now().UTC().Format("2006-01-02T15:04:05.000Z"))
	if created != "" {
		if at, err = syntax.ParseDatetime(created); err != nil {
			return nil, exit.Misuse("--created-at: %v", err)
		}
	}
	if document == "" {
		if file == "-" {
			return nil, exit.Misuse("--document is required to read standard input")
		}
		document = strings.TrimSuffix(filepath.Base(file), ".conllu")
	}
	if len(document) > 1024 {
		return nil, exit.Misuse("--document: longer than 1024 bytes")
	}
	return &treebank.Options{DID: did, Document: document, CreatedAt: at, Languages: languages, PerSentence: per == "sentence"}, nil
}

// maxMalformed is how many errors of a file are listed.
const maxMalformed = 100

// readSentences reads a file. If it is malformed, all errors are printed, and the file is not imported.
func readSentences(ctx context.Context, command *cobra.Command, name string) ([]*conllu.Sentence, error) {
	source := command.InOrStdin()
	if name != "-" {
		file, err := terminal.Open(ctx, name)
		if err != nil {
			return nil, exit.Failure(err)
		}
		defer file.Close()
		source = file
	}
	var sentences []*conllu.Sentence
	malformed := 0
	for sentence, err := range conllu.Read(source) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if syntaxError, ok := errors.AsType[*conllu.SyntaxError](err); ok {
			if malformed++; malformed <= maxMalformed {
				terminal.Printf(command.ErrOrStderr(), "%s: %v\n", name, syntaxError)
			}
			continue
		}
		if err != nil {
			return nil, exit.Failure(exit.About(name, err))
		}
		sentences = append(sentences, sentence)
	}
	if malformed > 0 {
		return nil, exit.Failure(fmt.Errorf("%s: %d errors; nothing was imported", name, malformed))
	}
	if len(sentences) == 0 {
		return nil, exit.Failure(fmt.Errorf("%s: the file has no sentences", name))
	}
	return sentences, nil
}

// readSet adds the records of a repository, or of the files at from, to set. A record that is not valid is added as far
// as it could be decoded, and noted on standard error.
func readSet(ctx context.Context, command *cobra.Command, s *connect.Servers, set *treebank.Set, from string, actor syntax.AtIdentifier) error {
	add := func(uri syntax.ATURI, value lex.Record, issues []issue.Issue) {
		set.Add(uri, value)
		if len(issues) > 0 && set.Has(uri) {
			terminal.Printf(command.ErrOrStderr(), "layers: %s is not valid: %s\n", uri, issue.Summary(issues))
		}
	}
	if from != "" {
		return exit.Failure(archive.EachRecord(ctx, from, command.ErrOrStderr(), add))
	}
	return online(func(ctx context.Context, command *cobra.Command, _ []string) error {
		client, err := s.Repos()
		if err != nil {
			return err
		}
		got, err := client.GetRepo(ctx, actor, nil)
		if err != nil {
			return err
		}
		defer got.Close()
		return archive.EachOf(ctx, got, add)
	})(command, nil)
}

// operation is a line for apply.
type operation struct {
	Action string       `json:"action"`
	URI    syntax.ATURI `json:"uri"`
	Value  lex.Record   `json:"value,omitempty"`
}

// printBatch prints the operations, and what they will take.
func printBatch(command *cobra.Command, set *treebank.Set, put []treebank.Record, remove []syntax.ATURI, total int) error {
	out := bufio.NewWriterSize(terminal.Exact(command.OutOrStdout()), 64<<10)
	points, created := 0, 0
	for _, r := range put {
		points += 2
		if !set.Has(r.URI) {
			points++
			created++
		}
		if err := output.JSON(out, operation{"put", r.URI, r.Value}); err != nil {
			return err
		}
	}
	for _, uri := range remove {
		points++
		if err := output.JSON(out, operation{Action: "delete", URI: uri}); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return terminal.Printf(command.ErrOrStderr(), "%d records: %d to create, %d to update, %d to delete; %d write points%s\n",
		total, created, len(put)-created, len(remove), points, duration(points))
}

// duration says how long a number of write points takes at the limits of the reference server.
func duration(points int) string {
	switch {
	case points == 0:
		return ": nothing to do"
	case points <= write.DefaultHourlyPoints:
		return ", which servers allow in one hour"
	case points <= write.DefaultDailyPoints:
		return fmt.Sprintf(", which take about %d hours", (points-1)/write.DefaultHourlyPoints)
	}
	return fmt.Sprintf(", which take about %d days", (points+write.DefaultDailyPoints-1)/write.DefaultDailyPoints)
}

func exportCoNLLU(s *connect.Servers) *cobra.Command {
	var from, directory string
	command := &cobra.Command{
		Use:   "conllu AT-URI | PATH",
		Short: "Write annotated sentences as CoNLL-U",
		Long: `Conllu writes the sentences of an expression and of all its parts as CoNLL-U,
with what is annotated on them: those that layers import conllu made, byte for byte as
the file was, and those of other programs as far as the format can express them.

With an AT-URI of an expression, such as that of a document, its repository is read from
the account's PDS and verified, or is taken from --from. With a PATH (an archive, a .jsonl
file, or a directory of these), it exports the documents in it: to standard output if
there is one, or else each to a file of its own in --output.`,
		Example: `  layers export conllu at://alice.example.com/expression.expression/3mabcdefghi2a > en.conllu
  layers export conllu repo.car -o treebank`,
		Args: arguments(1, 1, "an AT-URI or a PATH"),
		RunE: func(command *cobra.Command, args []string) error {
			ctx := command.Context()
			set := &treebank.Set{}
			if !strings.HasPrefix(args[0], "at://") {
				if from != "" {
					return exit.Misuse("--from is for an AT-URI")
				}
				if err := readSet(ctx, command, s, set, args[0], ""); err != nil {
					return err
				}
				return exportAll(command, set, args[0], directory)
			}
			if directory != "" {
				return exit.Misuse("--output is for a PATH")
			}
			uri, err := names.ParseRecordURI(args[0])
			if err != nil {
				return err
			}
			if uri, err = withDID(ctx, s, uri, from); err != nil {
				return err
			}
			if err := readSet(ctx, command, s, set, from, uri.Authority()); err != nil {
				return err
			}
			return exit.Failure(set.Export(terminal.Exact(command.OutOrStdout()), uri))
		},
	}
	command.Flags().StringVar(&from, "from", "", "read the records from `PATH`: an archive, a .jsonl file, or a directory of these")
	command.Flags().StringVarP(&directory, "output", "o", "", "write each document to a file in `DIR`, which is created if it does not exist")
	return command
}

// withDID returns a URI that names its account by the DID, as records do.
func withDID(ctx context.Context, s *connect.Servers, uri syntax.ATURI, from string) (syntax.ATURI, error) {
	handle, ok := uri.Authority().Handle()
	if !ok {
		return uri, nil
	}
	if from != "" {
		return "", exit.Misuse("with --from, the AT-URI must name the account by its DID")
	}
	did, err := s.Accounts(ctx)(handle)
	if err != nil {
		return "", exit.Failure(err)
	}
	return syntax.NewATURI(syntax.AtIdentifier(did), uri.Collection(), uri.RecordKey())
}

// exportAll exports the documents of a set.
func exportAll(command *cobra.Command, set *treebank.Set, path, directory string) error {
	documents := set.Documents()
	switch {
	case len(documents) == 0:
		return exit.Failure(fmt.Errorf("%s: no expression has tokens", path))
	case directory == "" && len(documents) > 1:
		return exit.WithHint(exit.Failure(fmt.Errorf("%s has %d documents", path, len(documents))), "name one by its AT-URI with --from %s, or write all to a directory with --output", path)
	case directory == "":
		return exit.Failure(set.Export(terminal.Exact(command.OutOrStdout()), documents[0]))
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return exit.Failure(err)
	}
	for _, uri := range documents {
		// Two repositories may have a record of the same key.
		name := filepath.Join(directory, strings.ReplaceAll(string(uri.Authority()), ":", "-")+"-"+string(uri.RecordKey())+".conllu")
		if err := writeFile(name, func(w io.Writer) error { return set.Export(w, uri) }); err != nil {
			return exit.Failure(err)
		}
		terminal.Printf(command.OutOrStdout(), "%s\t%s\n", name, uri)
	}
	return nil
}

// writeFile writes a file that has its name when it is complete.
func writeFile(name string, write func(io.Writer) error) error {
	file, err := disk.NewPartial(name)
	if err != nil {
		return err
	}
	defer file.Discard()
	if err := write(file); err != nil {
		return err
	}
	return file.Keep()
}
