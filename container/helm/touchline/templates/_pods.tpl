{{/*
What all pods of Touchline have in common. Each takes a dictionary:
  root        the chart's own context
  component   matches, scrapes, scheduler, exporter or migrate
  values      what values say of it
  keys        the keys of the Secret that it needs
*/}}

{{/* Metadata of a pod; a changed configuration or a changed Secret of the chart's makes new pods. */}}
{{- define "touchline.podMetadata" -}}
labels:
  {{- include "touchline.labels" .root | nindent 2 }}
  app.kubernetes.io/component: {{ .component }}
  {{- with .root.Values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- $annotations := dict -}}
{{- if has .component (list "matches" "scrapes") -}}
{{- $_ := set $annotations "checksum/config" (include "touchline.toml" .root | sha256sum) -}}
{{- end -}}
{{- if .root.Values.secrets.create -}}
{{- $_ := set $annotations "checksum/secrets" (.root.Values.secrets.values | toJson | sha256sum) -}}
{{- end -}}
{{- with merge $annotations .root.Values.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* A pod's specification, without containers and volumes. */}}
{{- define "touchline.podSpec" -}}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ add .root.Values.shutdownGraceSeconds 15 }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.images.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* On different machines where there are any; on one where there is one. */}}
{{- define "touchline.spread" -}}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "touchline.selector" $.root | nindent 8 }}
        app.kubernetes.io/component: {{ $.component }}
  {{- end }}
{{- end }}

{{/* What a container may not do. */}}
{{- define "touchline.confined" -}}
securityContext:
  allowPrivilegeEscalation: false
  privileged: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities: {drop: [ALL]}
{{- end }}

{{/* Secrets are files: a value in the environment would be seen by whoever may look at the process or the pod. */}}
{{- define "touchline.secretsVolume" -}}
- name: secrets
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
    items:
      {{- range concat .keys .root.Values.secrets.extraKeys }}
      - {key: {{ . }}, path: {{ . }}}
      {{- end }}
{{- end }}

{{/* Where a process may write: memory, and not much of it. */}}
{{- define "touchline.memory" -}}
- name: tmp
  emptyDir: {medium: Memory, sizeLimit: {{ if eq .component "scrapes" }}512Mi{{ else }}64Mi{{ end }}}
- name: runtime
  emptyDir: {medium: Memory, sizeLimit: 32Mi}
{{- end }}

{{- define "touchline.mounts" -}}
- {name: secrets, mountPath: /run/secrets, readOnly: true}
- {name: tmp, mountPath: /tmp}
- {name: runtime, mountPath: /run/touchline}
- {name: home, mountPath: /var/lib/touchline}
{{- end }}

{{/*
/live and /ready are judged by the process's own files (touchline health): an outage of broker or database makes a pod not
ready, and never kills it. The scheduler's answers come with its first tick, within a minute.
*/}}
{{- define "touchline.probes" -}}
startupProbe:
  httpGet: {path: /live, port: metrics}
  periodSeconds: 3
  timeoutSeconds: 3
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /live, port: metrics}
  periodSeconds: 15
  timeoutSeconds: 5
  failureThreshold: 4
readinessProbe:
  httpGet: {path: /ready, port: metrics}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
{{- end }}

{{/* The environment of whatever stores or reads: a worker. */}}
{{- define "touchline.workerEnvironment" -}}
- {name: DATABASE_URL_FILE, value: /run/secrets/database_url_writer}
- {name: RABBITMQ_URL_FILE, value: /run/secrets/rabbitmq_url_worker}
- {name: TOUCHLINE_CONFIG, value: /etc/touchline/touchline.toml}
- {name: TOUCHLINE_SHUTDOWN_GRACE, value: {{ .Values.shutdownGraceSeconds | quote }}}
{{- if .Values.webhook.enabled }}
- {name: TOUCHLINE_WEBHOOK_URL_FILE, value: /run/secrets/webhook_url}
- {name: TOUCHLINE_WEBHOOK_SECRET_FILE, value: /run/secrets/webhook_secret}
{{- end }}
{{- end }}

{{/* The keys that a worker needs, as JSON. */}}
{{- define "touchline.workerKeys" -}}
{{- $keys := list "database_url_writer" "rabbitmq_url_worker" -}}
{{- if .Values.webhook.enabled }}{{ $keys = concat $keys (list "webhook_url" "webhook_secret") }}{{ end -}}
{{ $keys | toJson }}
{{- end }}

{{/* All keys that the Secrets need to have, as JSON. */}}
{{- define "touchline.allKeys" -}}
{{- $keys := concat (include "touchline.workerKeys" . | fromJsonArray) (list "rabbitmq_url_scheduler") .Values.secrets.extraKeys -}}
{{- if .Values.migrate.enabled }}{{ $keys = append $keys "database_url_owner" }}{{ end -}}
{{- if .Values.exporter.enabled }}{{ $keys = concat $keys (list "database_url_reader" "rabbitmq_url_monitor") }}{{ end -}}
{{- if and (eq .Values.rabbitmq.kind "cluster") (not .Values.rabbitmq.cluster.usersSecret) -}}
{{- $keys = append $keys "rabbitmq_users.json" -}}
{{- end -}}
{{ $keys | uniq | toJson }}
{{- end }}
