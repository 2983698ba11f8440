// smtp-server, of npm, on 127.0.0.1: STARTTLS, TLS on connect and LMTP.  Every message is discarded.
import fs from 'node:fs';
import path from 'node:path';
import { SMTPServer } from 'smtp-server';

const { PKI, RUN, USER, PASSWORD, TOKEN, PORT_SMTP, PORT_TLS, PORT_LMTP } = process.env;

function onAuth(auth, session, answer) {
  if (auth.method === 'XOAUTH2') {
    const known = auth.username === USER && auth.accessToken === TOKEN;
    answer(null, known ? { user: USER } : { data: { status: '401', schemes: 'bearer' } });
    return;
  }
  const known =
    auth.username === USER &&
    (auth.method === 'CRAM-MD5' ? auth.validatePassword(PASSWORD) : auth.password === PASSWORD);
  answer(known ? null : new Error('wrong user name or password'), { user: auth.username });
}

// LMTP wants an answer for each recipient.
function onData(stream, session, answer) {
  const replies = session.envelope.rcptTo.map(() => 'OK');
  stream.resume();
  stream.on('end', () => answer(null, this.options.lmtp ? replies : 'OK'));
}

const common = {
  name: 'smtpserver.example.test',
  key: fs.readFileSync(path.join(RUN, 'server.key')),
  cert: fs.readFileSync(path.join(RUN, 'server-chain.pem')),
  ca: [fs.readFileSync(path.join(PKI, 'ca.pem'))],
  requestCert: true,
  rejectUnauthorized: false,
  authMethods: ['PLAIN', 'LOGIN', 'CRAM-MD5', 'XOAUTH2'],
  authOptional: true,
  size: 52428800,
  useXClient: true,
  useXForward: true,
  hideDSN: false,
  hideREQUIRETLS: false,
  hideENHANCEDSTATUSCODES: false,
  onAuth,
  onData,
};

for (const [port, options] of [
  [PORT_SMTP, {}],
  [PORT_TLS, { secure: true }],
  [PORT_LMTP, { lmtp: true }],
]) {
  const server = new SMTPServer({ ...common, ...options });
  server.on('error', (error) => console.error(error.message));
  server.listen(Number(port), '127.0.0.1');
}

// Standard input is the lifeline.
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
