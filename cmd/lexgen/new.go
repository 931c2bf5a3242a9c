package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/gen"
	"github.com/layers-pub/layers-go/gen/install"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// kinds are the templates of new documents, by the value of --type. Each has the verb %q in the place of the NSID.
var kinds = map[string]string{
	"record": `{
  "lexicon": 1,
  "id": %q,
  "defs": {
    "main": {
      "type": "record",
      "description": "One thing of your application.",
      "key": "tid",
      "record": {
        "type": "object",
        "required": ["text", "createdAt"],
        "properties": {
          "text": {
            "type": "string",
            "description": "What it says.",
            "maxLength": 3000,
            "maxGraphemes": 300
          },
          "createdAt": {
            "type": "string",
            "format": "datetime",
            "description": "Creation time as declared by the writer."
          }
        }
      }
    }
  }
}
`,
	"query": `{
  "lexicon": 1,
  "id": %q,
  "defs": {
    "main": {
      "type": "query",
      "description": "Gets something.",
      "parameters": {
        "type": "params",
        "required": ["uri"],
        "properties": {
          "uri": {
            "type": "string",
            "format": "at-uri",
            "description": "What to get."
          }
        }
      },
      "output": {
        "encoding": "application/json",
        "schema": {
          "type": "object",
          "required": ["text"],
          "properties": {
            "text": {
              "type": "string",
              "description": "What it says."
            }
          }
        }
      },
      "errors": [
        {
          "name": "NotFound",
          "description": "There is nothing with the given URI."
        }
      ]
    }
  }
}
`,
	"procedure": `{
  "lexicon": 1,
  "id": %q,
  "defs": {
    "main": {
      "type": "procedure",
      "description": "Does something.",
      "input": {
        "encoding": "application/json",
        "schema": {
          "type": "object",
          "required": ["text"],
          "properties": {
            "text": {
              "type": "string",
              "description": "What to do."
            }
          }
        }
      }
    }
  }
}
`,
	"defs": `{
  "lexicon": 1,
  "id": %q,
  "defs": {
    "thing": {
      "type": "object",
      "description": "Something that other documents refer to.",
      "properties": {
        "text": {
          "type": "string",
          "description": "What it says."
        }
      }
    }
  }
}
`,
}

func newCommand(s *settings) *cobra.Command {
	var at installation
	kind := "record"
	command := &cobra.Command{
		Use:   "new nsid",
		Short: "Write a first document",
		Long: `New writes a document as a starting point, in the directory of the documents, and a
configuration if there is none. It overwrites nothing.`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			text, found := kinds[kind]
			if !found {
				return fmt.Errorf("--type is %q, must be one of %s", kind, strings.Join(sortedKeys(kinds), ", "))
			}
			id, err := syntax.ParseNSID(args[0])
			if err != nil {
				return err
			}
			at, err := s.places(at)
			if err != nil {
				return failure{err}
			}
			if err := s.configure(command, at.dir); err != nil {
				return failure{err}
			}
			return createFile(command, filepath.Join(at.dir, filepath.FromSlash(install.FileOf(id))), fmt.Sprintf(text, id))
		},
	}
	command.Flags().StringVar(&kind, "type", kind, "what the document `defines`: record, query, procedure or defs")
	command.Flags().StringVar(&at.dir, "lexicons", "", "the `directory` of the documents (default: the first one of the configuration, or lexicons)")
	return command
}

// configure writes a configuration if there is none.
func (s *settings) configure(command *cobra.Command, dir string) error {
	if _, err := os.Stat(s.config); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	root := s.root()
	module, err := gen.ModulePath(root)
	if err != nil {
		return err
	}
	lexicons, err := filepath.Rel(root, dir)
	if err != nil {
		return err
	}
	return createFile(command, s.config, fmt.Sprintf("{\n  \"lexicons\": [%q],\n  \"module\": %q,\n  \"output\": \"api\"\n}\n", filepath.ToSlash(lexicons), module))
}

// createFile writes a new file and prints its name. It does not overwrite a file.
func createFile(command *cobra.Command, name, content string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return failure{err}
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return failure{err}
	}
	_, err = f.WriteString(content)
	if err = errors.Join(err, f.Close()); err != nil {
		return failure{err}
	}
	fmt.Fprintf(command.OutOrStdout(), "create %s\n", shown(name))
	return nil
}

// shown returns the name of a file for messages: relative to the working directory if it is below that.
func shown(name string) string {
	dir, err := os.Getwd()
	if err != nil {
		return name
	}
	if relative, err := filepath.Rel(dir, name); err == nil && filepath.IsLocal(relative) {
		return relative
	}
	return name
}

func hasManifest(at installation) (bool, error) {
	_, err := os.Stat(at.manifest)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// plural returns n and the noun, with an "s" unless n is 1.
func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
