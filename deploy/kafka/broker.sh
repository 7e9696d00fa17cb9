#!/usr/bin/env bash
# Runs a real Apache Kafka broker (KRaft: no ZooKeeper) in the foreground. SIGTERM stops it cleanly.
#   broker.sh [--node N --voters N@HOST:PORT,… --cluster ID] [--set KEY=VALUE]… HOME [PORT]
# HOME holds its data; clients come to 127.0.0.1:PORT (default 9092), controllers to PORT+1. With --voters it is one of several
# brokers, which are formatted with the same cluster ID; without, it is alone. --set adds to server.properties or overrides it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
node=1 voters= cluster= more=()
while [ $# -gt 0 ]; do
  case $1 in
    --node) node=$2; shift 2 ;;
    --voters) voters=$2; shift 2 ;;
    --cluster) cluster=$2; shift 2 ;;
    --set) more+=("$2"); shift 2 ;;
    -*) echo "unknown option $1" >&2; exit 2 ;;
    *) break ;;
  esac
done
[ $# -ge 1 ] || { sed -n '2,5s/^# //p' "$0" >&2; exit 2; }
home=$(mkdir -p "$1" && cd "$1" && pwd)
port=${2:-9092}
libs=$("$here/fetch.sh")

config="$home/server.properties" data="$home/data"
{
  cat "$here/server.properties"
  echo "node.id=$node"
  echo "listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1))"
  echo "advertised.listeners=PLAINTEXT://127.0.0.1:$port"
  echo "log.dirs=$data"
  if [ -n "$voters" ]; then
    echo "controller.quorum.voters=$voters"
    printf '%s.replication.factor=3\n' offsets.topic transaction.state.log share.coordinator.state.topic
    printf '%s.min.isr=2\n' transaction.state.log share.coordinator.state.topic
  else
    echo "controller.quorum.bootstrap.servers=127.0.0.1:$((port + 1))"
  fi
  [ ${#more[@]} -eq 0 ] || printf '%s\n' "${more[@]}"
} >"$config"

java=(java -server -Xms256m -Xmx1g -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "-Dlog4j2.configurationFile=$here/log4j2.properties"
  "-Dkafka.logs.dir=$home/logs" -cp "$libs/*")

if [ ! -f "$data/meta.properties" ]; then
  [ -n "$cluster" ] || cluster=$(head -c 16 /dev/urandom | base64 | tr '+/' 'AB' | tr -d '=')
  quorum=--standalone
  [ -z "$voters" ] || quorum=
  "${java[@]}" kafka.tools.StorageTool format $quorum -t "$cluster" -c "$config" >&2
fi
exec "${java[@]}" kafka.Kafka "$config"
