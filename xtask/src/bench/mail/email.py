"""Reads every mail of a folder with Python's own email package: structure, fields, decoded parts."""
import email, email.policy, json, os, sys, time

folder, rounds = sys.argv[1], int(sys.argv[2])
mails = [open(os.path.join(folder, name), "rb").read() for name in os.listdir(folder)]


def read(raw):
    message = email.message_from_bytes(raw, policy=email.policy.default)
    seen = 0
    for field in ("subject", "from", "to", "cc", "message-id", "references"):
        try:
            seen += len(str(message[field] or ""))
        except Exception:  # Fields it can't read.
            pass
    for part in message.walk():
        if part.is_multipart():
            continue
        try:
            seen += len(part.get_content())
        except Exception:  # Parts it can't decode: unknown charsets, broken Base64.
            seen += len(part.get_payload(decode=True) or b"")
    return seen


seen = sum(read(raw) for raw in mails)
started = time.perf_counter()
for _ in range(rounds):
    seen += sum(read(raw) for raw in mails)
seconds = time.perf_counter() - started
print(json.dumps({"messages": len(mails) * rounds, "bytes": sum(map(len, mails)) * rounds, "seconds": seconds, "seen": seen}))
