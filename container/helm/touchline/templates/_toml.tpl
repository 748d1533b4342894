{{/* touchline.toml, of `config`. */}}
{{- define "touchline.toml" -}}
{{- $file := dict -}}
{{- with .Values.config.publishTimeout }}{{ $_ := set $file "publish_timeout" . }}{{ end -}}
{{- range $table := list "schedules" "sources" "retention" -}}
{{- with index $.Values.config $table }}{{ $_ := set $file $table . }}{{ end -}}
{{- end -}}
{{ toToml $file }}
{{- end }}
