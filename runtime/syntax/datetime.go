package syntax

import "time"

const maxDatetime = 64

// Datetime is a date and a time of day with a time zone, such as
// "2026-08-20T09:30:00.000Z". It is the lexicon format "datetime".
//
// A Datetime keeps its text, so that two different ones can name the same
// moment. The format is the intersection of RFC 3339, ISO 8601 and the HTML
// standard: the letters T and Z are in upper case, the seconds are present, and
// the time zone is not -00:00. The date must exist, a second must be 0 to 59, the
// moment must not be before the year 0, and the text must have at most 64 bytes,
// with any number of fractional digits.
//
// Specification: https://atproto.com/specs/lexicon#datetime
type Datetime string

// DatetimeOf returns t in the form that the specification prefers: in UTC,
// truncated to milliseconds. It returns "" if the year is not 0 to 9999, which
// the format cannot express.
func DatetimeOf(t time.Time) Datetime {
	t = t.UTC()
	if t.Year() < 0 || t.Year() > 9999 {
		return ""
	}
	return Datetime(t.Format("2006-01-02T15:04:05.000Z"))
}

// ParseDatetime returns s as a Datetime, unchanged. The error is an [*Error]
// with the format "datetime".
func ParseDatetime(s string) (Datetime, error) {
	return parse[Datetime](s, "datetime", checkDatetime)
}

// ValidDatetime reports whether [ParseDatetime] would accept s. It does not
// allocate.
func ValidDatetime(s string) bool {
	_, reason := checkDatetime(s)
	return reason == ""
}

// String returns the text of d.
func (d Datetime) String() string {
	return string(d)
}

// MarshalText returns the text of d, without checking it. The error is
// always nil.
func (d Datetime) MarshalText() ([]byte, error) {
	return []byte(d), nil
}

// UnmarshalText sets d to text, if [ParseDatetime] accepts it. Otherwise it
// returns the error of ParseDatetime and leaves d unchanged.
func (d *Datetime) UnmarshalText(text []byte) error {
	return unmarshal(d, text, "datetime", checkDatetime)
}

// Time returns the moment that d names, in the time zone of d and truncated to
// nanoseconds. If d is not valid, it returns the error of [ParseDatetime].
func (d Datetime) Time() (time.Time, error) {
	s := string(d)
	if _, err := ParseDatetime(s); err != nil {
		return time.Time{}, err
	}
	i := len(datetimeLayout)
	nanosecond := 0
	if s[i] == '.' {
		i++
		for unit := 100_000_000; isDigit(s[i]); i++ {
			nanosecond += int(s[i]-'0') * unit
			unit /= 10
		}
	}
	zone := time.UTC
	if s[i] != 'Z' {
		seconds := (twoDigits(s, i+1)*60 + twoDigits(s, i+4)) * 60
		if s[i] == '-' {
			seconds = -seconds
		}
		if seconds != 0 {
			zone = time.FixedZone("", seconds)
		}
	}
	year := twoDigits(s, 0)*100 + twoDigits(s, 2)
	month := time.Month(twoDigits(s, 5))
	return time.Date(year, month, twoDigits(s, 8), twoDigits(s, 11), twoDigits(s, 14), twoDigits(s, 17), nanosecond, zone), nil
}

// datetimeLayout is the part of a datetime that has a fixed form; a 0 stands
// for a digit.
const datetimeLayout = "0000-00-00T00:00:00"

func checkDatetime(s string) (offset int, reason string) {
	if len(s) > maxDatetime {
		return maxDatetime, "datetime is longer than 64 bytes"
	}
	i := len(datetimeLayout)
	if len(s) <= i || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return datetimeLayoutFault(s)
	}
	century, yearOfCentury := twoDigits(s, 0), twoDigits(s, 2)
	month, day := twoDigits(s, 5), twoDigits(s, 8)
	hour, minute, second := twoDigits(s, 11), twoDigits(s, 14), twoDigits(s, 17)
	if century|yearOfCentury|month|day|hour|minute|second < 0 {
		return datetimeLayoutFault(s)
	}
	year := century*100 + yearOfCentury
	switch {
	case month < 1 || month > 12:
		return 5, "month is not in 01 to 12"
	case day < 1 || day > daysOf(month, year):
		return 8, "month has no such day"
	case hour > 23:
		return 11, "hour is not in 00 to 23"
	case minute > 59:
		return 14, "minute is not in 00 to 59"
	case second > 59:
		return 17, "second is not in 00 to 59"
	}
	if s[i] == '.' {
		start := i + 1
		for i = start; i < len(s) && isDigit(s[i]); i++ {
		}
		if i == start {
			return i, "decimal point has no digit after it"
		}
	}
	if i == len(s) {
		return i, "datetime has no time zone"
	}
	switch s[i] {
	case 'Z':
		if i+1 < len(s) {
			return i + 1, "datetime has text after its time zone"
		}
	case '+', '-':
		if len(s) != i+len("+00:00") || s[i+3] != ':' {
			return i, "time zone is not of the form +00:00"
		}
		zoneHour, zoneMinute := twoDigits(s, i+1), twoDigits(s, i+4)
		if zoneHour|zoneMinute < 0 {
			return i, "time zone is not of the form +00:00"
		}
		if zoneHour > 23 || zoneMinute > 59 {
			return i, "time zone is not in 00:00 to 23:59"
		}
		if s[i] == '-' && zoneHour|zoneMinute == 0 {
			return i, "time zone is -00:00, which ISO 8601 does not have"
		}
		if s[i] == '+' && year == 0 && month == 1 && day == 1 && hour*60+minute < zoneHour*60+zoneMinute {
			return 0, "moment is before the year 0"
		}
	default:
		return i, "time zone is not Z, and not of the form +00:00"
	}
	return 0, ""
}

// datetimeLayoutFault finds where s departs from datetimeLayout.
func datetimeLayoutFault(s string) (offset int, reason string) {
	for i := 0; i < len(datetimeLayout) && i < len(s); i++ {
		if want := datetimeLayout[i]; s[i] != want && !(want == '0' && isDigit(s[i])) {
			return i, "datetime is not of the form 0000-00-00T00:00:00"
		}
	}
	return len(s), "datetime ends before its time zone"
}

// twoDigits returns the number that the two digits at the offset i of s
// represent, or -1 if either is not a digit.
func twoDigits(s string, i int) int {
	tens, ones := s[i]-'0', s[i+1]-'0'
	if tens > 9 || ones > 9 {
		return -1
	}
	return int(tens)*10 + int(ones)
}

// daysOf returns how many days a month has in the Gregorian calendar, which
// the protocol uses for all years.
func daysOf(month, year int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}
