{{/* Names and labels. */}}

{{- define "touchline.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride }}
{{- else if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{/* What selects all pods of this release. It never changes: a selector cannot be changed. */}}
{{- define "touchline.selector" -}}
app.kubernetes.io/name: touchline
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "touchline.labels" -}}
{{ include "touchline.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: touchline
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* An image's name. Takes: root, image (of values). */}}
{{- define "touchline.image" -}}
{{- if eq .image.tag "latest" -}}
{{- fail (printf "the tag of %s is latest, which is another program every day: name a version" .image.repository) -}}
{{- end -}}
{{ .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}{{ with .image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "touchline.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "touchline.fullname" .) }}
{{- else -}}
{{ required "serviceAccount.name is missing: name the ServiceAccount that exists, or set serviceAccount.create" .Values.serviceAccount.name }}
{{- end -}}
{{- end }}

{{- define "touchline.secret" -}}
{{- if .Values.secrets.create -}}
{{ include "touchline.fullname" . }}
{{- else -}}
{{ required "secrets.existingSecret is missing: make the Secret (README of the chart, section Secrets) and name it there" .Values.secrets.existingSecret }}
{{- end -}}
{{- end }}

{{/* The Secret with database_url_owner. */}}
{{- define "touchline.ownerSecret" -}}
{{- if .Values.secrets.create -}}
{{ include "touchline.fullname" . }}-owner
{{- else -}}
{{ .Values.secrets.existingOwnerSecret | default (include "touchline.secret" .) }}
{{- end -}}
{{- end }}

{{- define "touchline.rabbitmqCluster" -}}
{{ include "touchline.fullname" . }}-rabbitmq
{{- end }}
