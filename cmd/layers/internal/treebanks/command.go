package treebanks

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/archive"
	"github.com/layers-pub/layers-go/cmd/layers/internal/cli"
	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/linguistics/treebank"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// ImportCommand returns the import command.
func ImportCommand(s *connect.Servers) *cobra.Command {
	command := &cobra.Command{
		Use:     "import",
		GroupID: cli.GroupWrite,
		Short:   "Convert a file of another format to a batch of records",
	}
	command.AddCommand(importCoNLLU(s))
	return command
}

// ExportCommand returns the export command.
func ExportCommand(s *connect.Servers) *cobra.Command {
	command := &cobra.Command{
		Use:     "export",
		GroupID: cli.GroupRead,
		Short:   "Convert records to a file of another format",
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
		Short: "Convert a CoNLL-U treebank to a batch for apply",
		Long: `Conllu prints operations for layers apply that put the records of a treebank into the
repository of the account --did. It sends nothing. On standard error it prints the
number of operations, and how long apply will take at the server's rate limits.

It prints only operations that change something: it compares the treebank with the
existing records, which it reads from the account's PDS, or from the file or directory
--from; with --new, it assumes that there are none. So importing a file again prints
only what has changed in it. Records that other programs made are never deleted.

The records are an expression for the document and one for each sentence, and, for the
document or each of its sections, a segmentation and the layers of lemmas, parts of
speech, features, dependencies, enhanced dependencies, multiword tokens and MISC.
With --per sentence, each sentence has its own segmentation and layers, which takes
about eight times as many records. layers export conllu restores the file, byte for
byte.

Record keys depend on the name of the document, which is that of the file unless
--document gives another.`,
		Example: `  layers import conllu en_pud-ud-test.conllu --did alice.example.com > batch.jsonl
  layers apply batch.jsonl`,
		Args: cli.Arguments(1, 1, "one FILE.conllu, or - for standard input"),
		RunE: func(command *cobra.Command, args []string) error {
			ctx := command.Context()
			options, err := importOptions(args[0], account, document, per, created, languages)
			if err != nil {
				return err
			}
			if fresh && from != "" {
				return exit.Misuse("--new cannot be combined with --from")
			}
			if options.DID, err = accountDID(ctx, s, account); err != nil {
				return err
			}
			sentences, err := ReadSentences(ctx, command.InOrStdin(), command.ErrOrStderr(), args[0])
			if err != nil {
				return err
			}
			all, err := treebank.Import(sentences, options)
			if err != nil {
				return exit.Failure(exit.About(args[0], err))
			}
			set := &treebank.Set{}
			if !fresh {
				invalid, err := readSet(ctx, command, s, set, from, syntax.AtIdentifier(options.DID))
				if err != nil {
					return exit.WithHint(err, "with --new, the import is not compared with existing records")
				}
				noteInvalid(command, set, invalid, all[0].URI)
			}
			put, remove, err := set.Changes(all, options)
			if err != nil {
				return exit.Failure(exit.About(args[0], err))
			}
			return PrintBatch(command.OutOrStdout(), command.ErrOrStderr(), set, put, remove, len(all))
		},
	}
	flags := command.Flags()
	flags.StringVar(&account, "did", "", "the `ACTOR` that the records are for, a DID or a handle (required)")
	flags.StringVar(&document, "document", "", "the `NAME` of the document, on which record keys depend (default that of the file)")
	flags.StringVar(&per, "per", "document", "make a segmentation and layers for each `document or sentence`")
	flags.StringVar(&created, "created-at", "", "the creation `TIME` of new records (default now)")
	flags.StringSliceVar(&languages, "language", nil, "a BCP 47 `TAG` of the text's language; may be repeated")
	flags.StringVar(&from, "from", "", "compare with the records in `PATH`: an archive, a .jsonl file, a directory of these, or one of layers follow")
	flags.BoolVar(&fresh, "new", false, "do not compare with existing records")
	return command
}

// accountDID returns the DID of account, the value of --did, which is a DID or a handle.
func accountDID(ctx context.Context, s *connect.Servers, account string) (syntax.DID, error) {
	actor, err := names.ParseActor(account)
	if err != nil {
		return "", err
	}
	if did, ok := actor.DID(); ok {
		return did, nil
	}
	handle, _ := actor.Handle()
	did, err := s.Accounts(ctx)(handle)
	if err != nil {
		return "", exit.WithHint(exit.Failure(err), "with the account's DID in place of its handle, no server is asked for it")
	}
	return did, nil
}

// importOptions returns the options that the flags of import conllu set, without the DID.
func importOptions(file, account, document, per, created string, languages []string) (*treebank.Options, error) {
	if account == "" {
		return nil, exit.Misuse("--did is required")
	}
	if per != "document" && per != "sentence" {
		return nil, exit.Misuse("--per %s: must be document or sentence", terminal.OneLine(per))
	}
	at := syntax.Datetime(time.Now().UTC().Format(timeLayout))
	if created != "" {
		var err error
		if at, err = syntax.ParseDatetime(created); err != nil {
			return nil, exit.Misuse("--created-at: %v", err)
		}
	}
	if document == "" {
		if file == "-" {
			return nil, exit.Misuse("--document is required to read standard input")
		}
		document = documentOf(file)
	}
	if len(document) > 1024 {
		return nil, exit.Misuse("--document: longer than 1024 bytes")
	}
	return &treebank.Options{Document: document, CreatedAt: at, Languages: languages, PerSentence: per == "sentence"}, nil
}

// noteInvalid prints which records of the documents are invalid, and how many other records are, since some of these
// may have been meant for one of the documents. It removes the records that it names from invalid.
func noteInvalid(command *cobra.Command, set *treebank.Set, invalid map[syntax.ATURI][]issue.Issue, documents ...syntax.ATURI) {
	if len(invalid) == 0 {
		return
	}
	for _, document := range documents {
		for _, uri := range slices.Sorted(slices.Values(set.Records(document))) {
			if issues, ok := invalid[uri]; ok {
				terminal.Printf(command.ErrOrStderr(), "layers: %s is not valid: %s\n", uri, issue.Summary(issues))
				delete(invalid, uri)
			}
		}
	}
	if n := len(invalid); n > 0 {
		terminal.Printf(command.ErrOrStderr(), "layers: %s of other documents, or of none, %s not valid; layers validate lists what is wrong\n", terminal.Number(n, "record"), terminal.Are(n))
	}
}

// readSet adds to set the records of actor's repository, or of the files at from unless that is "". It returns the
// issues of the invalid records, which it adds as far as they could be decoded.
func readSet(ctx context.Context, command *cobra.Command, s *connect.Servers, set *treebank.Set, from string, actor syntax.AtIdentifier) (map[syntax.ATURI][]issue.Issue, error) {
	invalid := map[syntax.ATURI][]issue.Issue{}
	add := func(uri syntax.ATURI, value lex.Record, issues []issue.Issue) {
		set.Add(uri, value)
		if len(issues) > 0 && set.Has(uri) {
			invalid[uri] = issues
		}
	}
	if from != "" {
		return invalid, exit.Failure(archive.EachRecord(ctx, from, command.ErrOrStderr(), add))
	}
	return invalid, cli.Online(func(ctx context.Context, command *cobra.Command, _ []string) error {
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

func exportCoNLLU(s *connect.Servers) *cobra.Command {
	var from, directory string
	command := &cobra.Command{
		Use:   "conllu AT-URI | PATH",
		Short: "Write annotated sentences as CoNLL-U",
		Long: `Conllu writes the sentences of an expression and of all its parts as CoNLL-U, with
their annotations. Records that layers import conllu made are written as the original
file, byte for byte; those of other programs as far as the format can express them.

With the AT-URI of an expression, such as that of a document, it reads the repository
from the account's PDS and verifies it, or reads it from --from. With a PATH (an archive,
a .jsonl file, a directory of these, or one of layers follow), it exports the documents
there: a single one to standard output, or each to a file of its own in --output.`,
		Example: `  layers export conllu at://alice.example.com/expression.expression/3mabcdefghi2a > en.conllu
  layers export conllu repo.car -o treebank`,
		Args: cli.Arguments(1, 1, "an AT-URI or a PATH"),
		RunE: func(command *cobra.Command, args []string) error {
			ctx := command.Context()
			set := &treebank.Set{}
			if !strings.HasPrefix(args[0], "at://") {
				if from != "" {
					return exit.Misuse("--from can only be used with an AT-URI")
				}
				invalid, err := readSet(ctx, command, s, set, args[0], "")
				if err != nil {
					return err
				}
				noteInvalid(command, set, invalid, set.Documents()...)
				return Export(command.OutOrStdout(), set, args[0], directory)
			}
			if directory != "" {
				return exit.Misuse("--output can only be used with a PATH")
			}
			uri, err := names.ParseRecordURI(args[0])
			if err != nil {
				return err
			}
			if uri, err = cli.WithDID(ctx, s, uri, from); err != nil {
				return err
			}
			invalid, err := readSet(ctx, command, s, set, from, uri.Authority())
			if err != nil {
				return err
			}
			noteInvalid(command, set, invalid, uri)
			return exit.Failure(set.Export(terminal.Exact(command.OutOrStdout()), uri))
		},
	}
	command.Flags().StringVar(&from, "from", "", "read the records from `PATH`: an archive, a .jsonl file, a directory of these, or one of layers follow")
	command.Flags().StringVarP(&directory, "output", "o", "", "write each document to a file in `DIR`, which is created if it does not exist")
	return command
}
