#!/bin/sh
# Speech over plain HTTP, on stdout while it is being made:
#
#     examples/curl.sh "Good morning!" > speech.mp3
#     examples/curl.sh "Good morning!" pcm | aplay -f S16_LE -r 24000
#
# TTS_URL: the server. TTS_VOICE: one of the model's or OpenAI's. TTS_API_KEY: where it asks for one.
set -eu
text=${1:?"say what to speak: examples/curl.sh TEXT [FORMAT]"}
format=${2:-mp3}

# As a string of JSON: quotes and backslashes escaped, lines joined.
text=$(printf %s "$text" | tr '\n\t' '  ' | sed 's/[\\"]/\\&/g')
body=$(printf '{"model": "tts-1", "voice": "%s", "response_format": "%s", "input": "%s"}' \
    "${TTS_VOICE:-alloy}" "$format" "$text")

# --fail: an error is no audio; curl says its status and ends with 22. Without --no-buffer what comes
# would be gathered first.
exec curl --silent --show-error --fail --no-buffer \
    ${TTS_API_KEY:+--header "Authorization: Bearer $TTS_API_KEY"} \
    --header "Content-Type: application/json" --data-binary "$body" \
    "${TTS_URL:-http://127.0.0.1:8000}/v1/audio/speech"
