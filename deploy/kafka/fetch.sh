#!/usr/bin/env bash
# Fetches the jars of Apache Kafka with Maven, once for this machine, and prints the folder that holds them.
# Installs Java and Maven when they are missing and apt is allowed to; else says what to install.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$here/pom.xml")
libs=${KAFKA_LIBS:-${XDG_CACHE_HOME:-$HOME/.cache}/opsledger/kafka-$version}

mkdir -p "$(dirname "$libs")"
exec 9>"$libs.lock"
flock 9  # two test runs may start at the same time

missing=()
command -v java >/dev/null || missing+=(default-jre-headless)
[ -d "$libs" ] || command -v mvn >/dev/null || missing+=(maven)
if [ ${#missing[@]} -gt 0 ]; then
  root=()
  if [ "$(id -u)" -ne 0 ]; then
    root=(sudo -n)
    sudo -n true 2>/dev/null || root=(none)
  fi
  if ! command -v apt-get >/dev/null || [ "${root[*]}" = none ]; then
    echo "Apache Kafka needs Java 17 or newer and Maven. Please install ${missing[*]} (Debian's names), then run this again." >&2
    exit 1
  fi
  echo "Installing ${missing[*]}" >&2
  "${root[@]}" apt-get update -qq >&2
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
fi

major=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p')
if [ "${major:-0}" -lt 17 ]; then
  echo "Apache Kafka needs Java 17 or newer; $(command -v java) is version ${major:-unknown}." >&2
  exit 1
fi
if [ ! -d "$libs" ]; then
  echo "Fetching Apache Kafka $version into $libs" >&2
  rm -rf "$libs.part"
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$libs.part" >&2
  mv "$libs.part" "$libs"
fi
echo "$libs"
