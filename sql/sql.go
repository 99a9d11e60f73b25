// Package sql holds the definitions of the warehouse, one SELECT a file. What
// the folders and the headers mean is said in package models, which reads them.
package sql

import "embed"

// Files are the definitions, by the paths they have in this folder.
//
//go:embed staging/*/*.sql core/*.sql marts/*.sql macros/*.sql checks/*.sql
var Files embed.FS

// Examples are the worked examples beside the definitions, which the tests run
// and the documentation shows.
//
//go:embed */*.txtar
var Examples embed.FS

// Raw creates the raw tables as the sources fill them. It is a golden file,
// made from their row structs, so that every change of a raw table is seen in
// review, and so that models can be tried without a source.
//
//go:embed raw.sql
var Raw string
