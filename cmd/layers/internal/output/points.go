package output

import (
	"fmt"

	"github.com/layers-pub/layers-go/runtime/write"
)

// PointsTime returns a text, to follow a number of write points, that says how long it takes to spend them if rate
// points may be spent per hour, and 7 times as many per day; 0 stands for no limit.
func PointsTime(points, rate int) string {
	daily := rate * write.DefaultDailyPoints / write.DefaultHourlyPoints
	switch {
	case points == 0:
		return ": nothing to do"
	case rate == 0:
		return ", without a limit"
	case points <= rate:
		return ", within one hour's limit"
	case points <= 2*rate:
		return ", which take more than an hour"
	case points <= daily:
		return fmt.Sprintf(", which take about %d hours", (points-1)/rate)
	}
	return fmt.Sprintf(", which take about %d days", (points+daily-1)/daily)
}
