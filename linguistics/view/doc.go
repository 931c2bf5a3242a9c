// Package view converts records to documents for package draw: expressions and corpora, as package reading joins them,
// media, and any other record.
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
// Problems are stated in notes. Anything beyond the limits of package draw is left out, and a note says how much. All
// functions are safe for concurrent use if their arguments are.
package view
