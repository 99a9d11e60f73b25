package main

import "dorado/models"

// validateQuality checks the limits of data quality.
func validateQuality(v *validation, quality models.Quality) {
	if quality.Days < 1 {
		v.add("quality.days", "%d is too few: the shares are taken over at least 1 day", quality.Days)
	}
	if quality.Minimum < 1 {
		v.add("quality.minimum", "%d is too few: a share is one of at least 1 record", quality.Minimum)
	}
	for _, gate := range quality.Gates() {
		path := "quality." + gate.Name
		warn, fail := gate.Limit.Warn, gate.Limit.Error
		validateLimit(v, path+".warn", gate.IsShare, warn)
		validateLimit(v, path+".error", gate.IsShare, fail)
		if warn == nil || fail == nil || *warn == *fail || gate.IsShare == (*fail < *warn) {
			continue
		}
		side := map[bool]string{true: "above", false: "below"}[gate.IsShare]
		v.add(path+".error", "%v is %s the limit for a warning, %v: what stops the publish must be worse", *fail, side, *warn)
	}
}

func validateLimit(v *validation, path string, isShare bool, limit *float64) {
	switch {
	case limit == nil:
	case isShare && (*limit < 0 || *limit > 1):
		v.add(path, "%v is no share: it is from 0 (never) to 1 (unless all are)", *limit)
	case !isShare && *limit <= 0:
		v.add(path, "%v is too little: it is above 0", *limit)
	}
}
