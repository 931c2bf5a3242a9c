// Package benchmarks measures the speed that the SDK promises, each figure as a ratio to a floor or a
// baseline of the same run. BENCHMARKS.md has the results and the commands.
package benchmarks
