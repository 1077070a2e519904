/**
 * Certificates as RFC 5280 has them: an authority's own, what an earlier authority says of a later one, and what a peer shows.
 * All keys are on P-256, signed with SHA-256: what phones, browsers and programs have known longest of what is not RSA.
 *
 * Of the package only the forms of ASN.1 are used; keys and signatures are node's.
 */
import type * as SchemaForms from "@peculiar/asn1-schema";
import type * as X509Forms from "@peculiar/asn1-x509";
import { createHash, randomBytes, sign, X509Certificate, type KeyObject } from "node:crypto";
import { isIP } from "node:net";

/** From when until when; epoch. */
export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Who signs: its own certificate, and the key in it. */
export interface Issuer {
  readonly certificate: Uint8Array;
  readonly privateKey: KeyObject;
}

export interface AuthoritySubject {
  /** Told apart by people, in a list of certificates. */
  readonly commonName: string;
  /** Of the authority whose certificate it is. */
  readonly publicKey: KeyObject;
}

export interface PeerSubject {
  readonly commonName: string;
  readonly publicKey: KeyObject;
  /** DNS names and IP addresses; at least one. */
  readonly names: readonly string[];
}

/** What a peer shows, or an authority is known by; DER. */
export type Der = Buffer<ArrayBuffer>;

const ORGANISATION = "Parley";
const OID_COMMON_NAME = "2.5.4.3";
const OID_ORGANISATION = "2.5.4.10";
/** RFC 5758, section 3.2. */
const OID_ECDSA_SHA256 = "1.2.840.10045.4.3.2";
const SERIAL_BYTES = 16;

type Asn = typeof X509Forms & Pick<typeof SchemaForms, "AsnConvert" | "OctetString">;
let asn: Promise<Asn> | undefined;

/** Loaded with the first certificate: it takes some tens of milliseconds, which commands are spared. */
function loadAsn(): Promise<Asn> {
  asn ??= Promise.all([import("@peculiar/asn1-x509"), import("@peculiar/asn1-schema")]).then(
    ([x509, { AsnConvert, OctetString }]) => ({ ...x509, AsnConvert, OctetString }),
  );
  return asn;
}

/** An authority's own certificate, signed by itself. */
export async function selfSigned(subject: AuthoritySubject, privateKey: KeyObject, validity: Validity): Promise<Der> {
  const forms = await loadAsn();
  const name = nameOf(forms, subject.commonName);
  const key = spkiOf(forms, subject.publicKey);
  const issuer = { name, keyId: keyIdOf(key), privateKey };
  return certify(forms, { name, key, validity, issuer, extensions: authorityExtensions(forms) });
}

/** What `issuer`, an authority, says of another one: whoever trusts the issuer may trust that one too. */
export async function crossSigned(certificate: Uint8Array, issuer: Issuer, validity: Validity): Promise<Der> {
  const forms = await loadAsn();
  const { subject: name, subjectPublicKeyInfo: key } = parse(forms, certificate);
  const extensions = authorityExtensions(forms);
  return certify(forms, { name, key, validity, issuer: issuerOf(forms, issuer), extensions });
}

/** A peer's certificate. */
export async function peerCertificate(subject: PeerSubject, issuer: Issuer, validity: Validity): Promise<Der> {
  const forms = await loadAsn();
  const name = nameOf(forms, subject.commonName);
  const key = spkiOf(forms, subject.publicKey);
  const extensions = peerExtensions(forms, subject.names);
  return certify(forms, { name, key, validity, issuer: issuerOf(forms, issuer), extensions });
}

/** What a certificate is called in lists of them. */
export function certificateNameOf(certificate: Uint8Array): string {
  return /^CN=(.*)$/m.exec(new X509Certificate(certificate).subject)?.[1] ?? "";
}

/** RFC 7468, section 5. */
export function pemOf(certificate: Uint8Array): string {
  const lines =
    Buffer.from(certificate)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** From when until when a certificate counts. */
export function validityOf(certificate: Uint8Array): Validity {
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  return { notBeforeMs: validFromDate.getTime(), notAfterMs: validToDate.getTime() };
}

type Name = InstanceType<Asn["Name"]>;
type Key = InstanceType<Asn["SubjectPublicKeyInfo"]>;
type Extension = InstanceType<Asn["Extension"]>;

interface Statement {
  readonly name: Name;
  readonly key: Key;
  readonly validity: Validity;
  readonly issuer: { readonly name: Name; readonly keyId: Buffer; readonly privateKey: KeyObject };
  readonly extensions: readonly Extension[];
}

function certify(forms: Asn, { name, key, validity, issuer, extensions }: Statement): Der {
  const algorithm = new forms.AlgorithmIdentifier({ algorithm: OID_ECDSA_SHA256 });
  const authorityKey = new forms.AuthorityKeyIdentifier({ keyIdentifier: new forms.KeyIdentifier(issuer.keyId) });
  const statement = new forms.TBSCertificate({
    version: forms.Version.v3,
    serialNumber: toArrayBuffer(serialNumber()),
    signature: algorithm,
    issuer: issuer.name,
    validity: new forms.Validity({
      notBefore: onTheSecond(validity.notBeforeMs),
      notAfter: onTheSecond(validity.notAfterMs),
    }),
    subject: name,
    subjectPublicKeyInfo: key,
    extensions: new forms.Extensions([
      ...extensions,
      extension(forms, forms.id_ce_subjectKeyIdentifier, new forms.SubjectKeyIdentifier(keyIdOf(key))),
      extension(forms, forms.id_ce_authorityKeyIdentifier, authorityKey),
    ]),
  });
  const signed = Buffer.from(forms.AsnConvert.serialize(statement));
  const certificate = new forms.Certificate({
    tbsCertificate: statement,
    tbsCertificateRaw: toArrayBuffer(signed),
    signatureAlgorithm: algorithm,
    signatureValue: toArrayBuffer(sign("sha256", signed, issuer.privateKey)),
  });
  return Buffer.from(forms.AsnConvert.serialize(certificate));
}

/** For TLS servers and nothing else: whoever gets hold of the key can sign no program and no letter. */
function authorityExtensions(forms: Asn): readonly Extension[] {
  const { KeyUsageFlags, id_ce_basicConstraints, id_ce_keyUsage } = forms;
  return [
    extension(forms, id_ce_basicConstraints, new forms.BasicConstraints({ cA: true }), true),
    extension(forms, id_ce_keyUsage, new forms.KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign), true),
    extension(forms, forms.id_ce_extKeyUsage, new forms.ExtendedKeyUsage([forms.id_kp_serverAuth])),
  ];
}

function peerExtensions(forms: Asn, names: readonly string[]): readonly Extension[] {
  const alternatives = names.map(
    (name) => new forms.GeneralName(isIP(name) === 0 ? { dNSName: name } : { iPAddress: name }),
  );
  return [
    extension(forms, forms.id_ce_basicConstraints, new forms.BasicConstraints({ cA: false }), true),
    extension(forms, forms.id_ce_keyUsage, new forms.KeyUsage(forms.KeyUsageFlags.digitalSignature), true),
    extension(forms, forms.id_ce_extKeyUsage, new forms.ExtendedKeyUsage([forms.id_kp_serverAuth])),
    extension(forms, forms.id_ce_subjectAltName, new forms.SubjectAlternativeName(alternatives)),
  ];
}

function extension(forms: Asn, extnID: string, value: object, critical = false): Extension {
  return new forms.Extension({ extnID, critical, extnValue: new forms.OctetString(forms.AsnConvert.serialize(value)) });
}

function issuerOf(forms: Asn, { certificate, privateKey }: Issuer): Statement["issuer"] {
  const { subject, subjectPublicKeyInfo } = parse(forms, certificate);
  return { name: subject, keyId: keyIdOf(subjectPublicKeyInfo), privateKey };
}

function parse(forms: Asn, certificate: Uint8Array): InstanceType<Asn["TBSCertificate"]> {
  return forms.AsnConvert.parse(certificate, forms.Certificate).tbsCertificate;
}

function nameOf(forms: Asn, commonName: string): Name {
  const part = (type: string, utf8String: string) =>
    new forms.RelativeDistinguishedName([
      new forms.AttributeTypeAndValue({ type, value: new forms.AttributeValue({ utf8String }) }),
    ]);
  return new forms.Name([part(OID_ORGANISATION, ORGANISATION), part(OID_COMMON_NAME, commonName)]);
}

function spkiOf(forms: Asn, publicKey: KeyObject): Key {
  return forms.AsnConvert.parse(publicKey.export({ format: "der", type: "spki" }), forms.SubjectPublicKeyInfo);
}

/** RFC 5280, section 4.2.1.2, method 1. */
function keyIdOf({ subjectPublicKey }: Key): Buffer {
  return createHash("sha1").update(Buffer.from(subjectPublicKey)).digest();
}

/** Positive, not zero, and nobody's before (RFC 5280, section 4.1.2.2). */
function serialNumber(): Buffer {
  const serial = randomBytes(SERIAL_BYTES);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}

function onTheSecond(epochMs: number): Date {
  return new Date(Math.floor(epochMs / 1000) * 1000);
}

function toArrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
