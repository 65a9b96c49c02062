{{- define "pg-gateway.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 50 | trimSuffix "-" }}
{{- end -}}

{{/* Room is left for the suffixes of services: a name has 63 characters at the most. */}}
{{- define "pg-gateway.fullname" -}}
{{- $name := include "pg-gateway.name" . -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains $name .Release.Name -}}
{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- define "pg-gateway.selector" -}}
app.kubernetes.io/name: {{ include "pg-gateway.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "pg-gateway.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "pg-gateway.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "pg-gateway.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/*
One value of a setting as the program reads it. YAML takes on and off for booleans, and Helm has numbers as floats, of which
a large one would be printed as 1e+06.
*/}}
{{- define "pg-gateway.text" -}}
{{- if kindIs "bool" . -}}
{{ ternary "on" "off" . }}
{{- else if kindIs "slice" . -}}
{{ join "," . }}
{{- else if and (kindIs "float64" .) (eq (floor .) .) -}}
{{ printf "%.0f" . }}
{{- else -}}
{{ . }}
{{- end -}}
{{- end -}}

{{/*
All settings of the container, as YAML of strings: what the image or a computation here would decide otherwise, the files of
the secrets, and the values, which win. They are in the environment and not flags, so that commands of `kubectl exec` know
them too. Null and empty are not set.
*/}}
{{- define "pg-gateway.settings" -}}
{{- $isSidecar := eq .Values.kind "sidecar" -}}
{{- $all := dict "PGUSER" "gateway" "LISTEN_PORT" "6432" "REPLICA_PORT" "off" "METRICS_HOST" "0.0.0.0" "METRICS_PORT" "6433" "DRAIN_ACCEPT_MS" (ternary "0" "5000" $isSidecar) "DRAIN_MS" "10000" -}}
{{- if $isSidecar -}}
{{- $_ := set $all "LISTEN_HOST" "127.0.0.1" -}}
{{- end -}}
{{- $folder := "/etc/pg_gateway/secrets" -}}
{{- with .Values.secrets -}}
{{- if .password.name -}}{{- $_ := set $all "PGPASSWORD_FILE" (printf "%s/password" $folder) -}}{{- end -}}
{{- if .metricsToken.name -}}{{- $_ := set $all "METRICS_TOKEN_FILE" (printf "%s/metrics-token" $folder) -}}{{- end -}}
{{- if .serverAuthority.name -}}{{- $_ := set $all "PGSSLROOTCERT" (printf "%s/server-authority.crt" $folder) -}}{{- end -}}
{{- if .clientCertificate.name -}}
{{- $_ := set $all "PGSSLCERT" (printf "%s/client.crt" $folder) -}}
{{- $_ := set $all "PGSSLKEY" (printf "%s/client.key" $folder) -}}
{{- end -}}
{{- if .refusalCertificate.name -}}
{{- $_ := set $all "REFUSAL_CERT_FILE" (printf "%s/refusal.crt" $folder) -}}
{{- $_ := set $all "REFUSAL_KEY_FILE" (printf "%s/refusal.key" $folder) -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := .Values.settings -}}
{{- if not (kindIs "invalid" $value) -}}
{{- $text := include "pg-gateway.text" $value -}}
{{- if ne $text "" -}}{{- $_ := set $all $name $text -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- if not (hasKey $all "CANDIDATES") -}}
{{- fail "settings.CANDIDATES is needed: the servers that may be the primary, for example the name of their headless service, --set settings.CANDIDATES=pg, or a list, --set 'settings.CANDIDATES={db1,db2:5433}'" -}}
{{- end -}}
{{- toYaml $all -}}
{{- end -}}

{{/* A time such as 10000, 10s or "1.5 min" in milliseconds, as src/config/units.ts reads it. */}}
{{- define "pg-gateway.ms" -}}
{{- $factors := dict "us" 0.001 "ms" 1.0 "s" 1000.0 "min" 60000.0 "h" 3600000.0 "d" 86400000.0 -}}
{{- $unit := regexFind "[a-z]*$" (lower .) | default "ms" -}}
{{- if not (hasKey $factors $unit) -}}
{{- fail (printf "settings: %q is no length of time; write 10000, 10s or 2min" .) -}}
{{- end -}}
{{ mulf (regexFind "^[0-9.]+" . | float64) (get $factors $unit) }}
{{- end -}}

{{/* How long the program may take to end. */}}
{{- define "pg-gateway.gracePeriodSeconds" -}}
{{- $settings := include "pg-gateway.settings" . | fromYaml -}}
{{- $accept := include "pg-gateway.ms" (get $settings "DRAIN_ACCEPT_MS") | float64 -}}
{{- $drain := include "pg-gateway.ms" (get $settings "DRAIN_MS") | float64 -}}
{{ add (divf (addf $accept $drain) 1000 | ceil | int64) .Values.gracePeriodMarginSeconds }}
{{- end -}}

{{/* Not empty where the kubelet and Prometheus reach the metrics port. */}}
{{- define "pg-gateway.metricsPort" -}}
{{- $settings := include "pg-gateway.settings" . | fromYaml -}}
{{- $isLocal := regexMatch "^(127\\.|localhost$|\\[?::1\\]?$)" (get $settings "METRICS_HOST") -}}
{{- if and (ne (get $settings "METRICS_PORT" | lower) "off") (not $isLocal) -}}
{{ get $settings "METRICS_PORT" }}
{{- end -}}
{{- end -}}

{{/* Not empty where there is a port for readers. */}}
{{- define "pg-gateway.standbyPort" -}}
{{- $port := get (include "pg-gateway.settings" . | fromYaml) "REPLICA_PORT" -}}
{{- if ne ($port | lower) "off" -}}{{ $port }}{{- end -}}
{{- end -}}

{{/*
/ready and /live are about the gateway alone: one that were taken out because of its database could hold no clients until
the database is back. Where the kubelet does not reach the metrics port, the program asks itself.
*/}}
{{- define "pg-gateway.probes" -}}
{{- if include "pg-gateway.metricsPort" . -}}
startupProbe:
  httpGet: { path: /live, port: metrics }
  periodSeconds: 1
  timeoutSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /live, port: metrics }
  periodSeconds: 10
  timeoutSeconds: 3
  failureThreshold: 3
readinessProbe:
  httpGet: { path: /ready, port: metrics }
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 2
{{- else -}}
startupProbe:
  exec: { command: [/pg_gateway, health] }
  periodSeconds: 1
  timeoutSeconds: 5
  failureThreshold: 60
livenessProbe:
  exec: { command: [/pg_gateway, health] }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  exec: { command: [/pg_gateway, health] }
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 2
{{- end -}}
{{- end -}}

{{- define "pg-gateway.hasSecrets" -}}
{{- range .Values.secrets -}}{{- if .name -}}true{{- end -}}{{- end -}}
{{- end -}}

{{/* The container, for a Deployment and for a pod of somebody else. */}}
{{- define "pg-gateway.container" -}}
name: pg-gateway
image: {{ include "pg-gateway.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- if eq .Values.kind "sidecar" }}
restartPolicy: Always
{{- end }}
env:
  {{- range $name, $value := include "pg-gateway.settings" . | fromYaml }}
  - name: {{ $name }}
    value: {{ $value | quote }}
  {{- end }}
  {{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
ports:
  {{- $settings := include "pg-gateway.settings" . | fromYaml }}
  {{- if ne .Values.kind "sidecar" }}
  - name: postgresql
    containerPort: {{ get $settings "LISTEN_PORT" }}
  {{- with include "pg-gateway.standbyPort" . }}
  - name: standby
    containerPort: {{ . }}
  {{- end }}
  {{- end }}
  {{- with include "pg-gateway.metricsPort" . }}
  - name: {{ ternary "pgw-metrics" "metrics" (eq $.Values.kind "sidecar") }}
    containerPort: {{ . }}
  {{- end }}
{{ include "pg-gateway.probes" . | replace "port: metrics" (ternary "port: pgw-metrics" "port: metrics" (eq .Values.kind "sidecar")) }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
volumeMounts:
  - name: {{ include "pg-gateway.volumePrefix" . }}tmp
    mountPath: /tmp
  {{- if include "pg-gateway.hasSecrets" . }}
  - name: {{ include "pg-gateway.volumePrefix" . }}secrets
    mountPath: /etc/pg_gateway/secrets
    readOnly: true
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "pg-gateway.volumePrefix" -}}
{{- if eq .Values.kind "sidecar" -}}pg-gateway-{{- end -}}
{{- end -}}

{{/*
The control socket is in /tmp/pg_gateway-UID: a folder of an emptyDir belongs to root, and the program puts its socket only
into one of its own. Files of secrets belong to root too: with fsGroup its group may read them, and in a pod of somebody else,
which may have none, everybody, who is the sidecar alone.
*/}}
{{- define "pg-gateway.volumes" -}}
- name: {{ include "pg-gateway.volumePrefix" . }}tmp
  emptyDir: { medium: Memory, sizeLimit: 16Mi }
{{- if include "pg-gateway.hasSecrets" . }}
- name: {{ include "pg-gateway.volumePrefix" . }}secrets
  projected:
    defaultMode: {{ ternary "0444" "0440" (eq .Values.kind "sidecar") }}
    sources:
      {{- with .Values.secrets.password }}
      {{- if .name }}
      - secret:
          name: {{ .name }}
          items:
            - { key: {{ .key | quote }}, path: password }
      {{- end }}
      {{- end }}
      {{- with .Values.secrets.metricsToken }}
      {{- if .name }}
      - secret:
          name: {{ .name }}
          items:
            - { key: {{ .key | quote }}, path: metrics-token }
      {{- end }}
      {{- end }}
      {{- with .Values.secrets.serverAuthority }}
      {{- if .name }}
      - secret:
          name: {{ .name }}
          items:
            - { key: {{ .key | quote }}, path: server-authority.crt }
      {{- end }}
      {{- end }}
      {{- with .Values.secrets.clientCertificate }}
      {{- if .name }}
      - secret:
          name: {{ .name }}
          items:
            - { key: {{ .certificateKey | quote }}, path: client.crt }
            - { key: {{ .keyKey | quote }}, path: client.key }
      {{- end }}
      {{- end }}
      {{- with .Values.secrets.refusalCertificate }}
      {{- if .name }}
      - secret:
          name: {{ .name }}
          items:
            - { key: {{ .certificateKey | quote }}, path: refusal.crt }
            - { key: {{ .keyKey | quote }}, path: refusal.key }
      {{- end }}
      {{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* For the templates of another chart, whose own kind of this chart must be sidecar: an item of initContainers. */}}
{{- define "pg-gateway.sidecar" -}}
{{- if ne .Values.kind "sidecar" -}}
{{- fail "pg-gateway.sidecar: set kind: sidecar in the values of pg-gateway" -}}
{{- end -}}
- {{ include "pg-gateway.container" . | nindent 2 | trim }}
{{- end -}}
