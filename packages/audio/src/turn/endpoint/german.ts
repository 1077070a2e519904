/** German. */
import { entries } from "./lexicon.ts";
import type { Lexicon } from "./lexicon.ts";

export const GERMAN: Lexicon = {
  whole:
    entries(`stopp, stop, halt, aufhören, hör auf, schluss, abbrechen, abbruch, vergiss es, egal, schon gut, ja, jawohl, jo, jep,
    nein, nee, nö, doch, okay, ok, klar, na klar, genau, richtig, stimmt, natürlich, gerne, ja gerne, ja bitte, nein danke,
    bitte, danke, danke schön, dankeschön, vielen dank, danke dir, weiter, mach weiter, weitermachen, nächster, nächstes,
    nächstes lied, zurück, nochmal, noch mal, noch einmal, wiederholen, wiederhole das, sag das nochmal, pause, fortsetzen,
    lauter, leiser, schneller, langsamer, mach lauter, mach leiser, licht an, licht aus, hilfe, hilf mir, hallo, hi, hey,
    guten morgen, guten tag, guten abend, gute nacht, tschüss, auf wiedersehen, bis bald, bis später, ruhe, sei still,
    sei ruhig, still, genug, das reicht, das ist alles, das war's, fertig, ich bin fertig, warte, moment, einen moment,
    was, wie bitte, wer, wo, wann, warum, wieso, weshalb, wirklich, entschuldigung, ich weiß nicht, weiß ich nicht,
    jetzt nicht, später, erzähl mehr, mehr, mehr davon, wie geht's, wie geht es dir, wie spät ist es, wie viel uhr ist es,
    wieviel uhr ist es, alles klar, verstanden, ich auch, mach das, mach das aus, mach das an, lass das, gut, sehr gut, prima`),
  dangling: entries(`der die das den dem des ein eine einen einem einer eines kein keine keinen keinem keiner
    mein meine meinen meinem meiner dein deine deinen deinem deiner unser unsere unseren unserem ihr ihre ihren ihrem ihrer sein seine
    seinen seinem seiner dieser diese dieses diesen diesem jeder jede jedes jeden jedem welcher welche welches welchen welchem
    mit von vom bei beim nach für durch gegen ohne um bis seit während wegen trotz zwischen über unter vor hinter neben
    in im ins am ans zum zur zu aus als wie pro per statt laut
    und oder aber denn sondern weil dass daß ob wenn falls obwohl damit sodass während bevor nachdem sobald sowie sowohl
    ist sind war waren bin bist seid wird werden wurde würde würden kann können könnte könnten muss müssen müsste soll sollen sollte darf
    dürfte mag möchte möchten will wollen habe hab hat haben hatte hätte hätten gibt
    ich wir er man sehr ganz ziemlich etwa ungefähr nur auch noch sogar vielleicht also namens heißt beziehungsweise`),
  danglingPhrases:
    entries(`ich möchte, ich möchte gern, ich möchte gerne, ich hätte gern, ich hätte gerne, ich will, ich würde, würde gern, würde gerne,
    ich brauche, brauche ich, kannst du, kannst du mir, könntest du, könntest du mir, könntest du bitte, kannst du bitte, würdest du,
    können sie, könnten sie, sag mir, gib mir, zeig mir, erzähl mir, schick mir, erinner mich, erinnere mich, erinnere mich daran,
    weck mich, ich glaube, ich denke, ich meine, ich finde, ich dachte, zum beispiel, und dann, und zwar, oder so, so dass,
    ein paar, ein bisschen, eine tasse, ein glas, ein stück, wie viel, wie viele, wie lange, wie weit, wie alt, was ist, wer ist,
    wo ist, wann ist, wie ist, was sind, wer sind, wo sind, was für, gibt es, ist es, hast du, bist du, es ist, das ist, mein name ist,
    ich heiße, ich bin, mehr als, weniger als, hundert und, komma, mach das, mach die, mach den, schalte das, schalte die, stell den, stell einen`),
  wholeEndings:
    entries(`ist es, ist das, war das, war es, bist du, es ist, das ist ja, ich auch, du auch, auch, wie du, wie das,
    gibt es, gibt's, es gibt, wie es ist, kann ich, soll ich, muss ich, haben kann, machen kann, du bist, wer du bist, so ist, geworden ist, los ist, ist los,
    gewesen ist, gemacht hat, gesagt hat, passiert ist, haben, machen können, machen soll, tun soll, tun kann, machen kannst, tun kannst, werden, sein,
    werden wird, wird, sein wird, habe ich, hab ich, bin ich, von dir, von mir, tür auf, tür zu, fenster auf, fenster zu, rollladen auf, rollladen zu, rollläden auf, rollläden zu, für mich, für uns, mit mir, auch noch, noch, und du, oder, oder nicht`),
  mishearings: entries("unt ent"),
  fillers: entries(`äh ähm öh öhm hm hmm mhm ehm also tja naja halt eben quasi sozusagen`),
  courtesies: entries(`bitte danke parley`),
  particles: entries(`an aus ein ab vor weiter los her hin zurück weg hoch runter raus rein es ihn sie das mir mich`),
  particleVerbs:
    entries(`mach mache schalte schalt stell stelle dreh drehe spiel spiele ruf rufe nimm hör höre fang fange lies schreib schreibe leg lege
    schau schaue sieh füge füg lösch lösche sag zeig zeige gib hol hole such suche öffne schließ schließe lass wach weck wecke brich setz setze
    fahr fahre pausier pausiere starte stopp stoppe beende wiederhole sperr sperre les kannst könntest würdest soll sollst hebe senke geht`),
  units:
    entries(`sekunde sekunden minute minuten stunde stunden tag tage tagen woche wochen monat monate monaten jahr jahre jahren uhr prozent grad
    celsius euro cent dollar kilometer meter zentimeter kilo kilogramm gramm liter milliliter tassen löffel heute morgen jetzt gestern übermorgen
    montag dienstag mittwoch donnerstag freitag samstag sonntag abend mittag nacht vormittag nachmittag mitternacht wochenende früh
    januar februar märz april mai juni juli august september oktober november dezember`),
  numbers:
    entries(`null eins zwei zwo drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn
    neunzehn zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig hundert tausend million millionen milliarde`),
  transitive:
    entries(`mach, schalte, stell, stelle, setz, ruf, schick, öffne, schließ, starte, such, suche, finde, zeig, sag, erzähl, gib, spiel, spiele, lies,
    schreib, erinner, weck, kauf, bestell, buche, lösch, übersetze, erkläre, füge, wie, was, wer, wo, kannst, könntest, würdest, ist, sind, hast`),
  askers:
    entries(`was wer wen wem wessen wo woher wohin wann warum wieso weshalb wie wieviel welcher welche welches welchen ist sind war waren
    hast hat haben habe bist bin kann kannst können könntest soll sollte darf muss wird werden gibt gibt's kommt kommst läuft weißt`),
  orders:
    entries(`mach mache schalte schalt stell stelle setz ruf rufe schick schicke öffne schließ schließe starte stopp such suche finde zeig zeige
    sag sage erzähl erzähle gib spiel spiele lies schreib schreibe erinner erinnere weck wecke kauf kaufe bestell bestelle buche lösch lösche
    übersetze erkläre erklär füge füg nenn nenne dreh drehe nimm hol geh wiederhole beende pausiere empfiehl such notiere`),
  beforeTimes: entries("um halb gegen ab"),
  verbLast: entries("dass daß weil ob wenn falls obwohl bis damit bevor nachdem sobald was wer wie wo wann warum"),
  lastVerbs:
    entries(`ist sind war waren bin bist seid wird werden wurde kann können könnte muss müssen soll sollen sollte darf dürfen mag
    möchte möchten will wollen habe hab hast hat haben hatte hätte gibt heißt`),
  splitOrders: entries("mach mache schalte schalt dreh drehe"),
  subordinators: entries(`wenn falls weil obwohl während bevor nachdem sobald als`),
  clauseOpeners: entries(""),
  determiners:
    entries(`der die das den dem des ein eine einen einem einer eines kein keine keinen mein meine meinen meinem meiner dein
    deine deinen unser unsere unseren euer eure ihr ihre ihren sein seine seinen dieser diese dieses diesen diesem jeder jede jedes`),
  attributes:
    entries(`gute guten gutes guter neue neuen neues neuer alte alten altes alter nächste nächsten nächstes nächster letzte
    letzten letztes letzter erste ersten erstes erster zweite zweiten zweites dritte dritten andere anderen anderes anderer
    beste besten bestes bester kleine kleinen kleines kleiner große großen großes großer ganze ganzen ganzes gleiche gleichen
    eigene eigenen eigenes lange langen kurze kurzen schöne schönen schönes rote roten blaue blauen grüne grünen`),
  verbs: entries(""),
  objectVerbs: entries(""),
  extendedVerbs:
    entries(`sag sage erzähl erzähle frag frage schick schicke schreib schreibe such suche finde füg füg spiel spiele zeig
    zeige gib stell stelle setz setze kauf kaufe bestell bestelle erinner erinnere weck wecke lies ruf rufe notiere`),
  personVerbs:
    entries(`sag sage erzähl erzähle gib zeig zeige schick schicke erinner erinnere frag frage schreib schreibe bring bringe
    kauf kaufe besorg besorge hol hole`),
  persons: entries("mir mich ihm ihn uns ihnen"),
  prepositions:
    entries(`in im am an auf bei beim für von vom aus mit nach vor seit bis um gegen zwischen über unter hinter neben zu zum zur
    während wegen ohne`),
  complementVerbs: entries("stell stelle setz setze leg lege weck wecke"),
  sums: entries("plus minus mal geteilt prozent"),
  nounNumbers: entries(""),
  subjects: entries("ich wir er man"),
  announcers: entries(
    `glaube denke meine finde hoffe weiß vermute wüsste sicher gefragt überlege möglich gehört nämlich`,
  ),
  reporters: entries(""),
  numbered: entries(`nummer telefonnummer handynummer kontonummer kundennummer wähle iban`),
  coded: entries(`code pin postleitzahl passwort vorwahl durchwahl kennwort hausnummer zimmer gleis`),
  beforeVerbs: entries(""),
  objectAskers: entries("was wen wem wo"),
  listEnds: entries("und oder"),
};
