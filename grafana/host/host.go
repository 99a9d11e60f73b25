// Package host starts the built backend binary as Grafana does, by go-plugin's
// handshake over gRPC and without the environment, and asks it what Grafana asks.
// Tests and the lab need it; Grafana has its own.
package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/grpcplugin"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
)

// A Host is a running backend. All its methods can be used at once from
// several goroutines.
type Host struct {
	client      *plugin.Client
	diagnostics grpcplugin.DiagnosticsClient
	data        grpcplugin.DataClient
	resource    grpcplugin.ResourceClient
}

// Start starts the backend in the file binary. Its log goes to log. Who starts it
// must Stop it: it does not end with its parent.
func Start(binary string, log io.Writer) (*Host, error) {
	client := plugin.NewClient(&plugin.ClientConfig{
		Cmd: exec.Command(binary),
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion:  grpcplugin.ProtocolVersion,
			MagicCookieKey:   grpcplugin.MagicCookieKey,
			MagicCookieValue: grpcplugin.MagicCookieValue,
		},
		VersionedPlugins: map[int]plugin.PluginSet{grpcplugin.ProtocolVersion: {
			"diagnostics": &grpcplugin.DiagnosticsGRPCPlugin{},
			"data":        &grpcplugin.DataGRPCPlugin{},
			"resource":    &grpcplugin.ResourceGRPCPlugin{},
		}},
		SkipHostEnv:      true,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: log}),
	})
	host := &Host{client: client}
	if err := host.dispense(); err != nil {
		client.Kill()
		return nil, fmt.Errorf("start %s: %w", binary, err)
	}
	return host, nil
}

func (h *Host) dispense() error {
	protocol, err := h.client.Client()
	if err != nil {
		return err
	}
	for name, set := range map[string]func(any) bool{
		"diagnostics": func(service any) (ok bool) { h.diagnostics, ok = service.(grpcplugin.DiagnosticsClient); return },
		"data":        func(service any) (ok bool) { h.data, ok = service.(grpcplugin.DataClient); return },
		"resource":    func(service any) (ok bool) { h.resource, ok = service.(grpcplugin.ResourceClient); return },
	} {
		service, err := protocol.Dispense(name)
		if err != nil {
			return fmt.Errorf("ask for its service %s: %w", name, err)
		}
		if !set(service) {
			return fmt.Errorf("its service %s is a %T", name, service)
		}
	}
	return nil
}

// Stop ends the backend.
func (h *Host) Stop() { h.client.Kill() }

// ProcessID is the backend's, for tests that measure it.
func (h *Host) ProcessID() int { return h.client.ReattachConfig().Pid }

// CheckHealth asks what Save & test asks.
func (h *Host) CheckHealth(ctx context.Context, plugin backend.PluginContext) (*backend.CheckHealthResult, error) {
	response, err := h.diagnostics.CheckHealth(ctx, &pluginv2.CheckHealthRequest{PluginContext: backend.ToProto().PluginContext(plugin)})
	if err != nil {
		return nil, fmt.Errorf("check the health: %w", err)
	}
	return backend.FromProto().CheckHealthResponse(response), nil
}

// QueryData asks the queries of a panel.
func (h *Host) QueryData(ctx context.Context, request *backend.QueryDataRequest) (*backend.QueryDataResponse, error) {
	response, err := h.data.QueryData(ctx, backend.ToProto().QueryDataRequest(request))
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	return backend.FromProto().QueryDataResponse(response)
}

// CallResource asks for what the editors need. The whole body is in the response.
func (h *Host) CallResource(ctx context.Context, request *backend.CallResourceRequest) (*backend.CallResourceResponse, error) {
	stream, err := h.resource.CallResource(ctx, backend.ToProto().CallResourceRequest(request))
	if err != nil {
		return nil, fmt.Errorf("call resource %s: %w", request.Path, err)
	}
	var whole *backend.CallResourceResponse
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) && whole != nil {
			return whole, nil
		}
		if err != nil {
			return nil, fmt.Errorf("call resource %s: %w", request.Path, err)
		}
		response := backend.FromProto().CallResourceResponse(part)
		if whole == nil {
			whole = response
			continue
		}
		whole.Body = append(whole.Body, response.Body...)
	}
}
