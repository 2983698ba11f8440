# smtp-sink, of the postfix package: accepts everything and dumps each message into a file of its
# own in mail/new: fields with what it knows of the envelope in front, LF for CRLF.  Runs as root
# inside the box.
set -eu
exec smtp-sink -u postfix -d "$RUN/mail/new/%H%M%S." "127.0.0.1:$PORT_SMTP" 4096
