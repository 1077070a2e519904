/** How each platform is told to trust a certificate: the same words on the page of the peer and at the command line. */

/** What it takes on one platform. */
export interface Steps {
  /** For programs. */
  readonly platform: string;
  readonly title: string;
  /** Commands begin with four blanks, as in Markdown. */
  readonly lines: readonly string[];
}

/** @param file where the certificate is; @param address of a peer, such as `https://kitchen.local:8765` */
export function trustSteps(file: string, address: string): readonly Steps[] {
  return [...systemSteps(file), ...phoneSteps(address), ...programSteps(file, address)];
}

function systemSteps(file: string): readonly Steps[] {
  return [
    {
      platform: "debian",
      title: "Debian, Ubuntu, Raspberry Pi OS",
      lines: [`    sudo cp ${file} /usr/local/share/ca-certificates/parley.crt`, "    sudo update-ca-certificates"],
    },
    {
      platform: "fedora",
      title: "Fedora, RHEL, CentOS",
      lines: [`    sudo cp ${file} /etc/pki/ca-trust/source/anchors/parley.pem`, "    sudo update-ca-trust"],
    },
    {
      platform: "macos",
      title: "macOS (Safari, Chrome)",
      lines: [
        `    sudo security add-trusted-cert -d -r trustRoot -p ssl -k /Library/Keychains/System.keychain ${file}`,
      ],
    },
    {
      platform: "windows",
      title: "Windows (Edge, Chrome), in a terminal of an administrator",
      lines: [`    certutil -addstore -f ROOT ${file}`],
    },
    {
      platform: "firefox",
      title: "Firefox, on any system",
      lines: [
        "Settings, Privacy & Security, Certificates, View Certificates, Authorities, Import: choose the file, and tick",
        "“Trust this CA to identify websites”.",
      ],
    },
    {
      platform: "chrome-linux",
      title: "Chrome and Chromium on Linux, which keep a list of their own (package libnss3-tools)",
      lines: [`    certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n Parley -i ${file}`],
    },
  ];
}

function phoneSteps(address: string): readonly Steps[] {
  return [
    {
      platform: "ios",
      title: "iPhone, iPad",
      lines: [
        `Open ${address}/trust in Safari, go on past the warning, compare the fingerprint, and fetch the certificate.`,
        "Then Settings, General, VPN & Device Management: install the profile; and at last Settings, General, About,",
        "Certificate Trust Settings: switch it on.",
      ],
    },
    {
      platform: "android",
      title: "Android",
      lines: [
        `Open ${address}/trust in Chrome, go on past the warning, compare the fingerprint, and fetch the certificate.`,
        "Then Settings, Security & privacy, More security settings, Encryption & credentials, Install a certificate,",
        "CA certificate: choose the file. (Names differ between makers; searching the settings for “certificate” helps.)",
      ],
    },
  ];
}

function programSteps(file: string, address: string): readonly Steps[] {
  return [
    { platform: "node", title: "Node.js", lines: [`    NODE_EXTRA_CA_CERTS=${file} node app.js`] },
    {
      platform: "python",
      title: "Python",
      lines: [
        `    REQUESTS_CA_BUNDLE=${file} python app.py     # requests`,
        `    SSL_CERT_FILE=${file} python app.py          # httpx, websockets, and what else uses the ssl module`,
      ],
    },
    { platform: "curl", title: "curl", lines: [`    curl --cacert ${file} ${address}/health`] },
  ];
}
