// Package benchmarks measures what the SDK promises about speed, each figure as a ratio to a floor or a
// baseline in the same run. BENCHMARKS.md has the results and the commands.
package benchmarks
