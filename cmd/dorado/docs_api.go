package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"dorado/models"
	"dorado/server"
)

// A contractNode is a mapping of the contract of the API, in the order of the file.
type contractNode yaml.MapSlice

// in returns the mapping at a key, empty where there is none.
func (n contractNode) in(keys ...string) contractNode {
	for _, key := range keys {
		next, _ := n.value(key).(yaml.MapSlice)
		n = contractNode(next)
	}
	return n
}

// text returns the text at a key, "" where there is none.
func (n contractNode) text(key string) string {
	text, _ := n.value(key).(string)
	return strings.Join(strings.Fields(text), " ")
}

// value returns the value at a key, nil where there is none.
func (n contractNode) value(key string) any {
	at := slices.IndexFunc(n, func(item yaml.MapItem) bool { return item.Key == key })
	if at < 0 {
		return nil
	}
	return n[at].Value
}

// apiPage returns the page of the HTTP API, from its contract.
func apiPage() (models.Page, error) {
	var parsed yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(server.Contract(), &parsed, yaml.UseOrderedMap()); err != nil {
		return models.Page{}, fmt.Errorf("docs: the contract of the API: %w", err)
	}
	contract := contractNode(parsed)
	var text strings.Builder
	description, _ := contract.in("info").value("description").(string)
	fmt.Fprintf(&text, "<!-- Written by dorado docs from server/openapi.yaml. Change that, and run make docs. -->\n\n# HTTP API\n\n%s\n"+
		"`dorado serve` answers it; `server/openapi.yaml` has it for programs.\n\n| request | what it answers |\n| --- | --- |\n", description)
	for _, item := range contract.in("paths") {
		for _, method := range item.Value.(yaml.MapSlice) {
			operation := contractNode(method.Value.(yaml.MapSlice))
			fmt.Fprintf(&text, "| [`%s %s`](#%s) | %s |\n", upper(method.Key), item.Key, strings.ToLower(operation.text("operationId")), operation.text("summary"))
		}
	}
	for _, item := range contract.in("paths") {
		for _, method := range item.Value.(yaml.MapSlice) {
			writeOperation(&text, contract, fmt.Sprint(upper(method.Key), " ", item.Key), contractNode(method.Value.(yaml.MapSlice)))
		}
	}
	text.WriteString("\n# Types\n")
	for _, item := range contract.in("components", "schemas") {
		schema := contractNode(item.Value.(yaml.MapSlice))
		fmt.Fprintf(&text, "\n## %s\n\n", item.Key)
		if words := schema.text("description"); words != "" {
			fmt.Fprintf(&text, "%s.\n\n", words)
		}
		if len(schema.in("properties")) == 0 {
			fmt.Fprintf(&text, "%s\n", typeOf(schema))
			continue
		}
		text.WriteString("| field | type | meaning |\n| --- | --- | --- |\n")
		required, _ := schema.value("required").([]any)
		for _, property := range schema.in("properties") {
			field := contractNode(property.Value.(yaml.MapSlice))
			optional := ""
			if !slices.Contains(required, property.Key) {
				optional = ", optional"
			}
			fmt.Fprintf(&text, "| `%s` | %s%s | %s |\n", property.Key, typeOf(field), optional, cell(field.text("description")))
		}
	}
	return models.Page{Name: "api.md", Text: text.String()}, nil
}

// writeOperation writes the section of one request.
func writeOperation(text *strings.Builder, contract contractNode, request string, operation contractNode) {
	fmt.Fprintf(text, "\n## %s\n\n`%s`: %s.\n", operation.text("operationId"), request, operation.text("summary"))
	if words := operation.text("description"); words != "" {
		fmt.Fprintf(text, "\n%s\n", words)
	}
	parameters, _ := operation.value("parameters").([]any)
	if len(parameters) > 0 {
		text.WriteString("\n| parameter | in | type | meaning |\n| --- | --- | --- | --- |\n")
	}
	for _, one := range parameters {
		parameter := contractNode(one.(yaml.MapSlice))
		if reference := parameter.text("$ref"); reference != "" {
			parameter = contract.in("components", "parameters", reference[strings.LastIndex(reference, "/")+1:])
		}
		fmt.Fprintf(text, "| `%s` | %s | %s | %s |\n", parameter.text("name"), parameter.text("in"), typeOf(parameter.in("schema")), cell(parameter.text("description")))
	}
	for _, media := range operation.in("requestBody", "content") {
		fmt.Fprintf(text, "\nThe body is `%s`: %s.\n", media.Key, typeOf(contractNode(media.Value.(yaml.MapSlice)).in("schema")))
	}
	for _, answer := range operation.in("responses") {
		response := contractNode(answer.Value.(yaml.MapSlice))
		if answer.Key == "default" {
			continue
		}
		fmt.Fprintf(text, "\nThe answer %s: %s", answer.Key, response.text("description"))
		var formats []string
		for _, media := range response.in("content") {
			formats = append(formats, fmt.Sprintf("`%s` (%s)", media.Key, typeOf(contractNode(media.Value.(yaml.MapSlice)).in("schema"))))
		}
		if len(formats) > 0 {
			fmt.Fprintf(text, ", as %s", strings.Join(formats, ", "))
		}
		text.WriteString(".\n")
	}
}

// typeOf says what a schema is in a few words.
func typeOf(schema contractNode) string {
	if reference := schema.text("$ref"); reference != "" {
		name := reference[strings.LastIndex(reference, "/")+1:]
		return fmt.Sprintf("[%s](#%s)", name, strings.ToLower(name))
	}
	if all, _ := schema.value("allOf").([]any); len(all) == 1 {
		return typeOf(contractNode(all[0].(yaml.MapSlice)))
	}
	words := schema.text("type")
	switch enum, _ := schema.value("enum").([]any); {
	case words == "array":
		words = "list of " + typeOf(schema.in("items"))
	case len(enum) > 0:
		var texts []string
		for _, one := range enum {
			texts = append(texts, fmt.Sprintf("`%v`", one))
		}
		words = strings.Join(texts, ", ")
	case schema.text("format") == "date-time":
		words = "instant"
	case words == "":
		words = "any"
	}
	if isNullable, _ := schema.value("nullable").(bool); isNullable {
		words += " or null"
	}
	return words
}

func upper(method any) string { return strings.ToUpper(fmt.Sprint(method)) }

// cell returns words as a cell of a table can hold them.
func cell(words string) string { return strings.ReplaceAll(words, "|", `\|`) }
