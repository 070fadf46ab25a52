{{- define "cos-gateway.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- define "cos-gateway.selector" -}}
app.kubernetes.io/name: cos-gateway
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "cos-gateway.labels" -}}
{{ include "cos-gateway.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "cos-gateway.secretName" -}}
{{ .Values.secret.existing | default (include "cos-gateway.name" .) }}
{{- end -}}

{{/* The configuration file, with the stores' paths on the volume. */}}
{{- define "cos-gateway.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- if .Values.spool.enabled -}}
{{- $stores := dict
      "spool" (dict "path" "/var/lib/cos-gateway/spool.db" "max_bytes" .Values.spool.maxBytes)
      "dead_letter" (dict "path" "/var/lib/cos-gateway/dead-letters.db") -}}
{{- $config = mustMergeOverwrite $stores $config -}}
{{- end -}}
{{ toYaml $config }}
{{- end -}}
