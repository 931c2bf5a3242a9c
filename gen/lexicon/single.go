package lexicon

import "github.com/layers-pub/layers-go/gen/lexfile"

// Parse reads one document from the content of a file. It checks the document against the JSON Schema of the language,
// but not its references, since those lead into other documents; [Load] does both. The file's name is used only in the
// errors, which are of type [Problems], and in the document.
func Parse(file string, data []byte) (*Document, error) {
	schema, err := loadSchema()
	if err != nil {
		return nil, err
	}
	if len(data) > lexfile.MaxSize {
		return nil, Problems{problem(file, "", "larger than the limit of %d bytes", lexfile.MaxSize)}
	}
	value, p := parse(file, data)
	if len(p.problems) > 0 {
		return nil, p.problems.sorted()
	}
	if problems := schema.check(file, value); len(problems) > 0 {
		return nil, problems.sorted()
	}
	b := &builder{file: file, warnings: p.warnings}
	document := b.document(value)
	if document != nil {
		document.Source = data
	}
	return document, nil
}
