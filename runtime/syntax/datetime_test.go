package syntax_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

var validDatetimes = []string{
	"1985-04-12T23:20:50.123Z",
	"1985-04-12T23:20:50.000Z",
	"2000-01-01T00:00:00.000Z",
	"1985-04-12T23:20:50.123456Z",
	"1985-04-12T23:20:50.120Z",
	"1985-04-12T23:20:50.120000Z",
	"1985-04-12T23:20:50.1235678912345Z",
	"1985-04-12T23:20:50.100Z",
	"1985-04-12T23:20:50Z",
	"1985-04-12T23:20:50.0Z",
	"1985-04-12T23:20:50.123+00:00",
	"1985-04-12T23:20:50.123-07:00",
	"1985-04-12T23:20:50.123+07:00",
	"1985-04-12T23:20:50.123+01:45",
	"0985-04-12T23:20:50.123-07:00",
	"0123-01-01T00:00:00.000Z",
	"1985-04-12T23:20:50.1Z",
	"1985-04-12T23:20:50.12Z",
	"1985-04-12T23:20:50.1234Z",
	"1985-04-12T23:20:50.12345Z",
	"1985-04-12T23:20:50.1234567Z",
	"1985-04-12T23:20:50.12345678Z",
	"1985-04-12T23:20:50.123456789Z",
	"1985-04-12T23:20:50.1234567890Z",
	"1985-04-12T23:20:50.12345678901Z",
	"1985-04-12T23:20:50.123456789012Z",
	"0000-01-01T00:00:00.000Z",
	"0001-01-01T00:00:00.000Z",
	"0010-12-31T23:00:00.000Z",
	"1000-12-31T23:00:00.000Z",
	"1900-12-31T23:00:00.000Z",
	"3001-12-31T23:00:00.000Z",
	"2024-02-29T00:00:00Z",
	"2000-02-29T00:00:00Z",
	"0000-02-29T00:00:00Z",
	"0000-01-01T00:59:00+00:59",
	"0000-01-02T00:00:00+23:59",
	"0000-01-01T00:00:00-23:59",
	"9999-12-31T23:59:59.999-23:59",
	"1985-04-12T23:20:50+23:59",
	"1985-04-12T23:20:50.1234567890123456789012345678901234567890123Z",
}

var invalidDatetimes = []fault{
	{"1985-04-12T23:20:50.123z", 23, "time zone is not Z, and not of the form +00:00"},
	{"01985-04-12T23:20:50.123Z", 4, "datetime is not of the form 0000-00-00T00:00:00"},
	{"985-04-12T23:20:50.123Z", 3, "datetime is not of the form 0000-00-00T00:00:00"},
	{"1985-04-12T23:20:50.Z", 20, "decimal point has no digit after it"},
	{"1985-04-32T23;20:50.123Z", 13, "datetime is not of the form 0000-00-00T00:00:00"},
	{"1985—04-32T23;20:50.123Z", 4, "datetime is not of the form 0000-00-00T00:00:00"},
	{"1985–04-32T23;20:50.123Z", 4, "datetime is not of the form 0000-00-00T00:00:00"},
	{" 1985-04-12T23:20:50.123Z", 0, "datetime is not of the form 0000-00-00T00:00:00"},
	{"1985-04-12T23:20:50.123Z ", 24, "datetime has text after its time zone"},
	{"1985-04-12T 23:20:50.123Z", 11, "datetime is not of the form 0000-00-00T00:00:00"},
	{"1985-4-12T23:20:50.123Z", 6, "datetime is not of the form 0000-00-00T00:00:00"},
	{"1985-04-2T23:20:50.123Z", 9, "datetime is not of the form 0000-00-00T00:00:00"},
	{"1985-04-12T3:20:50.123Z", 12, "datetime is not of the form 0000-00-00T00:00:00"},
	{"1985-04-12T23:0:50.123Z", 15, "datetime is not of the form 0000-00-00T00:00:00"},
	{"1985-04-12T23:20:5.123Z", 18, "datetime is not of the form 0000-00-00T00:00:00"},
	{"1985-004-12T23:20:50.123Z", 7, "datetime is not of the form 0000-00-00T00:00:00"},
	{"1985-04-012T23:20:50.123Z", 10, "datetime is not of the form 0000-00-00T00:00:00"},
	{"1985-04-12T023:20:50.123Z", 13, "datetime is not of the form 0000-00-00T00:00:00"},
	{"1985-04-12T23:020:50.123Z", 16, "datetime is not of the form 0000-00-00T00:00:00"},
	{"1985-04-12T23:20:050.123Z", 19, "time zone is not Z, and not of the form +00:00"},
	{"1985-04-12t23:20:50.123Z", 10, "datetime is not of the form 0000-00-00T00:00:00"},
	{"1985-04-12T23:20:50.123-00:00", 23, "time zone is -00:00, which ISO 8601 does not have"},
	{"1985-04-12_23:20:50.123Z", 10, "datetime is not of the form 0000-00-00T00:00:00"},
	{"1985-04-12 23:20:50.123Z", 10, "datetime is not of the form 0000-00-00T00:00:00"},
	{"1985-04-274T23:20:50.123Z", 10, "datetime is not of the form 0000-00-00T00:00:00"},
	{"1985-04-12T23:20:50.123", 23, "datetime has no time zone"},
	{"1985-04-12T23:20:50", 19, "datetime ends before its time zone"},
	{"1985-04-12", 10, "datetime ends before its time zone"},
	{"1985-04-12T23:20Z", 16, "datetime is not of the form 0000-00-00T00:00:00"},
	{"1985-04-12T23:20:5Z", 18, "datetime is not of the form 0000-00-00T00:00:00"},
	{"+001985-04-12T23:20:50.123Z", 0, "datetime is not of the form 0000-00-00T00:00:00"},
	{"23:20:50.123Z", 2, "datetime is not of the form 0000-00-00T00:00:00"},
	{"1985-04-12T23:20:50.123+00", 23, "time zone is not of the form +00:00"},
	{"1985-04-12T23:20:50.123+00:0", 23, "time zone is not of the form +00:00"},
	{"1985-04-12T23:20:50.123+0:00", 23, "time zone is not of the form +00:00"},
	{"1985-04-12T23:20:50.123+0000", 23, "time zone is not of the form +00:00"},
	{"1985-04-12T23:20:50.123+", 23, "time zone is not of the form +00:00"},
	{"1985-04-12T23:20:50.123-", 23, "time zone is not of the form +00:00"},
	{"-000001-12-31T23:00:00.000Z", 0, "datetime is not of the form 0000-00-00T00:00:00"},
	{"1985-00-12T23:20:50.123Z", 5, "month is not in 01 to 12"},
	{"1985-04-00T23:20:50.123Z", 8, "month has no such day"},
	{"1985-13-12T23:20:50.123Z", 5, "month is not in 01 to 12"},
	{"1985-04-12T25:20:50.123Z", 11, "hour is not in 00 to 23"},
	{"1985-04-12T23:99:50.123Z", 14, "minute is not in 00 to 59"},
	{"1985-04-12T23:20:61.123Z", 17, "second is not in 00 to 59"},
	{"0000-01-01T00:00:00+01:00", 0, "moment is before the year 0"},
	{"", 0, "datetime ends before its time zone"},
	{"1985-04-12T23:20:50.123Zx", 24, "datetime has text after its time zone"},
	{"1985-04-12T23:20:50.123+24:00", 23, "time zone is not in 00:00 to 23:59"},
	{"1985-04-12T23:20:50.123+00:60", 23, "time zone is not in 00:00 to 23:59"},
	{"1985-04-12T23:20:50.123+0a:00", 23, "time zone is not of the form +00:00"},
	{"1985-04-12T23:20:50,123Z", 19, "time zone is not Z, and not of the form +00:00"},
	{"1985-04-12T24:00:00Z", 11, "hour is not in 00 to 23"},
	{"1985-04-12T23:60:50Z", 14, "minute is not in 00 to 59"},
	{"1985-04-12T23:20:60Z", 17, "second is not in 00 to 59"},
	{"2016-12-31T23:59:60Z", 17, "second is not in 00 to 59"},
	{"1985-04-31T23:20:50Z", 8, "month has no such day"},
	{"1985-02-29T23:20:50Z", 8, "month has no such day"},
	{"1900-02-29T23:20:50Z", 8, "month has no such day"},
	{"1985-04-12T23:20:50-00:00", 19, "time zone is -00:00, which ISO 8601 does not have"},
	{"0000-01-01T00:58:59.999+00:59", 0, "moment is before the year 0"},
	{"0000-01-01T23:58:00+23:59", 0, "moment is before the year 0"},
	{"1985-04-12T23:20:50.12345678901234567890123456789012345678901234Z", 64, "datetime is longer than 64 bytes"},
	{"1985-04-12T23:20:50.", 20, "decimal point has no digit after it"},
	{"1985-04-12T23:20:50.123×", 23, "time zone is not Z, and not of the form +00:00"},
	{"19a5-04-12T23:20:50Z", 2, "datetime is not of the form 0000-00-00T00:00:00"},
}

var datetimePattern = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

func isDatetime(s string) bool {
	moment, err := time.Parse(time.RFC3339Nano, s)
	return err == nil && moment.UTC().Year() >= 0 && len(s) <= 64 &&
		datetimePattern.MatchString(s) && !strings.HasSuffix(s, "-00:00")
}

var datetimeFormat = format[syntax.Datetime, *syntax.Datetime]{
	name:  "datetime",
	parse: syntax.ParseDatetime,
	valid: syntax.ValidDatetime,
	rule:  isDatetime,
	methods: func(t *testing.T, d syntax.Datetime, valid bool) {
		got, err := d.Time()
		if valid != (err == nil) {
			t.Fatalf("%q is valid: %t, but has the error %v", d, valid, err)
		}
		// The standard library reads a wider format, and has to agree on this one.
		if want, _ := time.Parse(time.RFC3339Nano, string(d)); valid && !got.Equal(want) {
			t.Errorf("%s is %s, want %s", d, got, want)
		}
	},
}

func TestParseDatetime(t *testing.T) {
	datetimeFormat.testValid(t, validDatetimes)
	datetimeFormat.testInvalid(t, invalidDatetimes)
}

func FuzzDatetime(f *testing.F) {
	datetimeFormat.fuzz(f, validDatetimes, invalidDatetimes)
}

func TestDatetimeTime(t *testing.T) {
	for _, test := range []struct {
		datetime syntax.Datetime
		want     time.Time
	}{
		{"1985-04-12T23:20:50Z", time.Date(1985, 4, 12, 23, 20, 50, 0, time.UTC)},
		{"1985-04-12T23:20:50.1Z", time.Date(1985, 4, 12, 23, 20, 50, 100_000_000, time.UTC)},
		{"1985-04-12T23:20:50.123456789Z", time.Date(1985, 4, 12, 23, 20, 50, 123_456_789, time.UTC)},
		{"1985-04-12T23:20:50.1234567899Z", time.Date(1985, 4, 12, 23, 20, 50, 123_456_789, time.UTC)},
		{"1985-04-12T23:20:50+00:00", time.Date(1985, 4, 12, 23, 20, 50, 0, time.UTC)},
		{"1985-04-12T23:20:50+01:45", time.Date(1985, 4, 12, 21, 35, 50, 0, time.UTC)},
		{"1985-04-12T23:20:50-07:00", time.Date(1985, 4, 13, 6, 20, 50, 0, time.UTC)},
		{"0000-01-01T00:59:00+00:59", time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"9999-12-31T23:59:59-23:59", time.Date(10000, 1, 1, 23, 58, 59, 0, time.UTC)},
	} {
		got, err := test.datetime.Time()
		if err != nil || !got.Equal(test.want) {
			t.Errorf("%s is %s, error %v, want %s", test.datetime, got, err, test.want)
		}
	}
}

func TestDatetimeTimeKeepsZone(t *testing.T) {
	for _, test := range []struct {
		datetime syntax.Datetime
		want     int
	}{
		{"1985-04-12T23:20:50Z", 0},
		{"1985-04-12T23:20:50+00:00", 0},
		{"1985-04-12T23:20:50+01:45", 6300},
		{"1985-04-12T23:20:50-07:30", -27000},
	} {
		moment, err := test.datetime.Time()
		if err != nil {
			t.Fatal(err)
		}
		if _, got := moment.Zone(); got != test.want {
			t.Errorf("%s is %d seconds east of UTC, want %d", test.datetime, got, test.want)
		}
	}
}

func TestDatetimeOf(t *testing.T) {
	for _, test := range []struct {
		time time.Time
		want syntax.Datetime
	}{
		{time.Date(1985, 4, 12, 23, 20, 50, 0, time.UTC), "1985-04-12T23:20:50.000Z"},
		{time.Date(1985, 4, 12, 23, 20, 50, 123_999_999, time.UTC), "1985-04-12T23:20:50.123Z"},
		{time.Date(1985, 4, 12, 23, 20, 50, 0, time.FixedZone("", -3600)), "1985-04-13T00:20:50.000Z"},
		{time.Time{}, "0001-01-01T00:00:00.000Z"},
		{time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), "0000-01-01T00:00:00.000Z"},
		{time.Date(0, 1, 1, 0, 0, 0, 0, time.FixedZone("", 3600)), ""},
		{time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -3600)), ""},
		{time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC), ""},
		{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), ""},
	} {
		got := syntax.DatetimeOf(test.time)
		if got != test.want {
			t.Errorf("%s became %q, want %q", test.time, got, test.want)
		}
		if got != "" && !syntax.ValidDatetime(string(got)) {
			t.Errorf("%s became %q, which is not valid", test.time, got)
		}
	}
}
