#!/bin/sh
# Runs a command that must not outlive the process that asked for it.
# File descriptor 3 is a socket to that process. It is told "pid N" and, later, "exit STATUS".
# When it ends, however it ends, the socket closes and the whole process group is killed.
# A background command's input is /dev/null unless it is given one of another number.
exec 4<&0
"$@" <&4 3<&- 4<&- &
child=$!
echo "pid $child" >&3
{ while read -r _; do :; done; kill -KILL 0; } <&3 2>/dev/null &
wait "$child"
status=$?
echo "exit $status" >&3
# What the command left behind goes with it, and so do the guard and this shell.
kill -KILL 0
