package syntax_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

var validTIDs = []string{
	"3jzfcijpj2z2a",
	"7777777777777",
	"3zzzzzzzzzzzz",
	"2222222222222",
	"a222222222222",
	"j222222222222",
	"jzzzzzzzzzzzz",
}

var invalidTIDs = []fault{
	{"3jzfcijpj2z21", 12, "TID has a character other than 2 to 7 and a to z"},
	{"0000000000000", 0, "TID has a character other than 2 to 7 and a to z"},
	{"3JZFCIJPJ2Z2A", 1, "TID has a character other than 2 to 7 and a to z"},
	{"3jzfcijpj2z2aa", 13, "TID does not have 13 characters"},
	{"3jzfcijpj2z2", 12, "TID does not have 13 characters"},
	{"222", 3, "TID does not have 13 characters"},
	{"3jzf-cij-pj2z-2a", 13, "TID does not have 13 characters"},
	{"zzzzzzzzzzzzz", 0, "TID starts with a character above j"},
	{"kjzfcijpj2z2a", 0, "TID starts with a character above j"},
	{"", 0, "TID does not have 13 characters"},
	{"3jzfcijpj2z2 ", 12, "TID has a character other than 2 to 7 and a to z"},
	{"3jzfcijpj2z2é", 13, "TID does not have 13 characters"},
	{"3jzfcijpj2zé", 11, "TID has a character other than 2 to 7 and a to z"},
}

var tidPattern = regexp.MustCompile(`^[2-7a-j][2-7a-z]{12}$`)

var tidFormat = format[syntax.TID, *syntax.TID]{
	name:  "tid",
	parse: syntax.ParseTID,
	valid: syntax.ValidTID,
	rule:  tidPattern.MatchString,
	methods: func(t *testing.T, tid syntax.TID, valid bool) {
		if made := tid.Time(); made.IsZero() == valid {
			t.Errorf("%q has time %s", tid, made)
		}
		if id := tid.ClockID(); id < 0 || id > 1023 || id != 0 && !valid {
			t.Errorf("%q has clock %d", tid, id)
		}
	},
}

func TestParseTID(t *testing.T) {
	tidFormat.testValid(t, validTIDs)
	tidFormat.testInvalid(t, invalidTIDs)
}

func FuzzTID(f *testing.F) {
	tidFormat.fuzz(f, validTIDs, invalidTIDs)
}

func TestTIDParts(t *testing.T) {
	for _, test := range []struct {
		tid     syntax.TID
		time    string
		clockID int
	}{
		{"2222222222222", "1970-01-01T00:00:00Z", 0},
		{"2222222222223", "1970-01-01T00:00:00Z", 1},
		{"2222222222322", "1970-01-01T00:00:00.000001Z", 0},
		{"3jzfcijpj2z2a", "2023-06-30T15:03:01.887007Z", 6},
		{"jzzzzzzzzzzzz", "2540-11-07T23:35:09.481983Z", 1023},
		{"", "0001-01-01T00:00:00Z", 0},
		{"3jzfcijpj2z21", "0001-01-01T00:00:00Z", 0},
		{"zzzzzzzzzzzzz", "0001-01-01T00:00:00Z", 0},
	} {
		if got := test.tid.Time().Format(time.RFC3339Nano); got != test.time {
			t.Errorf("%q has time %s, want %s", test.tid, got, test.time)
		}
		if got := test.tid.ClockID(); got != test.clockID {
			t.Errorf("%q has clock %d, want %d", test.tid, got, test.clockID)
		}
	}
}

func TestTIDAdd(t *testing.T) {
	const latest = "jzzzzzzzzzzzz"
	for _, test := range []struct {
		tid  syntax.TID
		add  time.Duration
		want syntax.TID
	}{
		{"2222222222222", 0, "2222222222222"},
		{"2222222222223", time.Microsecond, "2222222222323"},
		{"2222222222323", -time.Microsecond, "2222222222223"},
		{"2222222222222", 999, "2222222222222"},
		{"3jzfcijpj2z2a", time.Microsecond, "3jzfcijpj322a"},
		{"3jzfcijpj2z2a", 32 * time.Microsecond, "3jzfcijpj3z2a"},
		{"2222222222222", -time.Microsecond, ""},
		{latest, 0, latest},
		{latest, time.Microsecond, ""},
		{"", time.Second, ""},
		{"zzzzzzzzzzzzz", 0, ""},
	} {
		got := test.tid.Add(test.add)
		if got != test.want {
			t.Errorf("%q and %s are %q, want %q", test.tid, test.add, got, test.want)
		}
		if got != "" && got.Time().Sub(test.tid.Time()) != test.add.Truncate(time.Microsecond) {
			t.Errorf("%q and %s have the time %s", test.tid, test.add, got.Time())
		}
	}
}
