# Sourced by the scripts beside: one line per long step, its output in a log.
# shellcheck shell=bash

# Runs a command with its output in a log and shows that it is alive: elapsed seconds on a
# terminal, else a line every 15 s. A failed command leaves the end of its log on the screen.
#   step LOG TEXT COMMAND [ARGUMENT...]      returns what the command returned
step() {
  local log=$1 text=$2 start=$SECONDS status=0 pid elapsed next_note=15
  shift 2
  mkdir -p "$(dirname "$log")"
  printf '\n$ %s\n' "$*" >>"$log"
  "$@" >>"$log" 2>&1 </dev/null &
  pid=$!
  if [ -t 1 ]; then
    while kill -0 "$pid" 2>/dev/null; do
      printf '\r%s ... %d s\033[K' "$text" $((SECONDS - start))
      sleep 0.2
    done
    printf '\r\033[K'
  else
    printf '%s ...\n' "$text"
    while kill -0 "$pid" 2>/dev/null; do
      elapsed=$((SECONDS - start))
      if [ "$elapsed" -ge "$next_note" ]; then
        printf '  %d s: %s\n' "$elapsed" "$(tail -n 1 "$log" | tr -cd '[:print:]' | cut -c -80)"
        next_note=$((next_note + 15))
      fi
      sleep 0.1
    done
  fi
  wait "$pid" || status=$?
  if [ "$status" -eq 0 ]; then
    printf '%s: done in %d s\n' "$text" $((SECONDS - start))
  fi
  return "$status"
}

# Says what failed, shows the end of the log and names it.
#   show_failure LOG TEXT
show_failure() {
  printf '\n%s. The last lines of %s:\n' "$2" "$1" >&2
  tail -n 25 "$1" | sed 's/^/  | /' >&2
}
