package sample

import (
	"encoding/binary"
	"time"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/layers/media"
	"github.com/layers-pub/layers-go/linguistics/annotate"
	"github.com/layers-pub/layers-go/linguistics/text"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

const (
	sampleRate = 8000
	noteLength = 400 * time.Millisecond
	// AudioType is the media type of the file that [Audio] returns.
	AudioType = "audio/wav"
)

// notes are the names of the three notes, and their frequencies in Hz.
var notes = []struct {
	name      string
	frequency int
}{{"do", 262}, {"mi", 330}, {"sol", 392}}

// Audio returns the recording of the corpus, a WAV file of 19 kB with three notes: mono, 16 bits, 8 kHz. The notes are
// triangle waves, computed with integers, so that the file is the same on every machine.
func Audio() []byte {
	perNote := int(noteLength.Seconds() * sampleRate)
	size := uint32(2 * perNote * len(notes))
	var b []byte
	b = append(b, "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, 36+size)
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16)
	for _, v := range []uint16{1, 1} { // PCM, one channel
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	b = binary.LittleEndian.AppendUint32(b, sampleRate)
	b = binary.LittleEndian.AppendUint32(b, 2*sampleRate)
	for _, v := range []uint16{2, 16} { // bytes and bits of a sample
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, size)
	for _, note := range notes {
		for i := range perNote {
			phase := i * note.frequency % sampleRate // of sampleRate
			height := 4*min(phase, sampleRate-phase) - sampleRate
			fade := min(i, perNote-i, 400) // silent at both ends of a note
			b = binary.LittleEndian.AppendUint16(b, uint16(int16(height*fade/400)))
		}
	}
	return b
}

// recording adds the records of the recording, of its transcript, and of the transcript's tokens with their times and
// pitches. It returns the URI of the transcript.
func (b *builder) recording() syntax.ATURI {
	const transcript = "do mi sol"
	audio := Audio()
	total := noteLength * time.Duration(len(notes))
	clip := b.add(&media.Media{
		Kind:          media.MediaKindAudio,
		Title:         lex.Some("Three notes"),
		Blob:          lex.Some(lex.Blob{Ref: cid.Of(cid.Raw, audio).Link(), MimeType: AudioType, Size: int64(len(audio))}),
		MimeType:      lex.Some(AudioType),
		DurationMs:    lex.SomeInt(total.Milliseconds()),
		FileSizeBytes: lex.SomeInt(int64(len(audio))),
		Audio:         &media.AudioInfo{SampleRate: lex.SomeInt(sampleRate), Channels: lex.SomeInt(1), BitDepth: lex.SomeInt(16)},
		CreatedAt:     createdAt,
	})
	uri := b.add(&expression.Expression{
		ID:        "notes",
		Kind:      "recording",
		Text:      lex.Some(transcript),
		MediaRef:  lex.Some(clip),
		CreatedAt: createdAt,
	})
	var names []string
	for _, note := range notes {
		names = append(names, note.name)
	}
	a, err := annotate.Words(uri, transcript, names)
	if err != nil {
		b.fail(err)
		return uri
	}
	a.CreatedAt = createdAt
	for i := range a.Tokenization.Tokens {
		at := time.Duration(i) * noteLength
		span, err := text.Time(at, at+noteLength)
		b.fail(err)
		a.Tokenization.Tokens[i].TemporalSpan = &span
	}
	b.add(a.Segmentation())
	pitch, err := a.Tags("pitch", []string{"262 Hz", "330 Hz", "392 Hz"})
	if err != nil {
		b.fail(err)
		return uri
	}
	for i := range pitch.Annotations {
		pitch.Annotations[i].Anchor = &layers.Anchor{TemporalSpan: a.Tokenization.Tokens[i].TemporalSpan}
	}
	b.layer(pitch, nil)
	return uri
}
