// Package view makes documents of records, which package draw draws: of expressions and corpora as package reading joins
// them, of media, and of any other record.
//
//	e, err := index.Expression(ctx, uri) // package reading
//	if err != nil {
//		return err
//	}
//	section, err := view.Expression(ctx, e)
//	if err != nil {
//		return err
//	}
//	err = draw.Text(os.Stdout, &draw.Document{Sections: []draw.Section{section}}, nil)
//
// What does not fit together is stated in notes, and what is more than package draw draws is left out, with its number. All
// functions are safe for concurrent use, as far as their arguments are.
package view
