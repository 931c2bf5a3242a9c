// Package conllu reads and writes CoNLL-U files, the format of Universal Dependencies treebanks.
//
//	for sentence, err := range conllu.Read(file) {
//		if err != nil {
//			return err
//		}
//		for _, row := range sentence.Rows {
//			fmt.Println(row.ID, row.Form, row.UPOS)
//		}
//	}
//
// A Sentence keeps every comment and every column as the file has it, so that [Sentence.Append] returns the bytes that
// were read. [Sentence.Surface] aligns the tokens with the text of the sentence. Package treebank turns sentences into
// records of Layers and back.
//
// The format is https://universaldependencies.org/format.html.
package conllu
