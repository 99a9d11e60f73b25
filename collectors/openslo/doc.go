// Package openslo reads service level objectives, written as OpenSLO v1 in YAML,
// from files in GitHub repositories or in a local folder, with their history. How
// they are measured is left to the models.
//
// Every version of a file is kept, with the instant from which it holds: in a
// repository the time of the commit, in a folder the time it was first seen. What
// is wrong with a file is kept too (raw.openslo_problems), and does not keep its
// other documents, or other files, from being read.
//
// How each collector's cursor moves, and what it asks for when nothing is new:
//
//	openslo_repositories  for each repository the tree that was read last, and for each file its blob
//	                      and the commit it was last read at; one request a repository. A file's
//	                      history begins with its present path: renames are not followed, and files
//	                      that were gone before the first run are not found.
//	openslo_folder        for each file the hash of its text; no request.
//
// Parse is strict: what the specification does not allow is refused with its line.
// Where the specification's text and its examples differ, the examples are allowed:
// names may have capital letters.
package openslo
