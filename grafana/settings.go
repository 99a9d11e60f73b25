package grafana

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// settings are what the config editor saves, beside those for TLS and the timeout,
// which the SDK reads.
type settings struct {
	DefinitionSet string `json:"definitionSet"` // of queries that name none

	url     *url.URL
	token   string
	mistake error // why nothing can be asked
}

func readSettings(saved backend.DataSourceInstanceSettings) settings {
	var read settings
	if err := json.Unmarshal(saved.JSONData, &read); err != nil && len(saved.JSONData) > 0 {
		read.mistake = fmt.Errorf("the settings (jsonData) cannot be read: %w", err)
		return read
	}
	read.token = strings.TrimSpace(saved.DecryptedSecureJSONData["token"])
	address := strings.TrimRight(strings.TrimSpace(saved.URL), "/")
	if address == "" {
		read.mistake = fmt.Errorf("the URL is not set; enter where dorado serve listens, as in http://localhost:8920")
		return read
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		read.mistake = fmt.Errorf("the URL %q is none; it begins with http:// or https://, as in http://localhost:8920", address)
	}
	read.url = parsed
	return read
}
