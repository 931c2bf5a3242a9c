package rec

import "strconv"

// excerpt quotes s for an error, shortened to 64 bytes.
func excerpt(s string) string {
	const most = 64
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}
