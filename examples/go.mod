module github.com/layers-pub/layers-go/examples

go 1.26.0

require github.com/layers-pub/layers-go v0.0.0

require github.com/clipperhouse/uax29/v2 v2.7.0 // indirect

replace github.com/layers-pub/layers-go => ..
