// Package benchmarks measures the speed of the SDK, each figure as a ratio to a floor or a baseline in the same run.
// BENCHMARKS.md has the results and the commands.
package benchmarks
