#!/bin/sh
# What avahi's own browser reads, with a daemon and a bus of its own in this network namespace; ends with both.
# Usage: avahi.sh TYPE...
set -eu
mount -t tmpfs tmpfs /run
mkdir -p /run/avahi-daemon
cat > /run/bus.conf <<'CONF'
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
    <allow user="*"/>
  </policy>
</busconfig>
CONF
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/bus
dbus-daemon --config-file=/run/bus.conf --nofork --nopidfile 2>/dev/null &
bus=$!
until [ -S /run/bus ]; do sleep 0.05; done
avahi-daemon --no-drop-root --no-rlimits --no-chroot >/dev/null 2>&1 &
avahi=$!
trap 'kill $avahi $bus; wait' EXIT
until avahi-browse -t _none._tcp >/dev/null 2>&1; do sleep 0.1; done
for type in "$@"; do avahi-browse -rpt "$type"; done
