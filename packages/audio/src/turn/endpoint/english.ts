/** English. */
import { entries } from "./lexicon.ts";
import type { Lexicon } from "./lexicon.ts";

export const ENGLISH: Lexicon = {
  whole:
    entries(`stop, stop it, stop that, cancel, cancel that, never mind, nevermind, yes, yeah, yep, yup, no, nope, nah,
    okay, ok, sure, right, exactly, correct, of course, please do, go on, go ahead, carry on, continue, next, next one, back,
    go back, again, repeat, repeat that, say that again, pause, resume, play, mute, unmute, louder, quieter, softer, faster,
    slower, volume up, volume down, turn it up, turn it down, turn it off, turn it on, lights on, lights off, help, help me,
    hello, hi, good morning, good evening, good night, good afternoon, goodbye, bye, bye bye, see you, thanks,
    thank you, thank you very much, thanks a lot, be quiet, quiet, shut up, silence, enough, that's enough, that's all,
    that's it, that is all, i'm done, done, wait, hold on, one moment, what, what's that, who is it, why, why not, how,
    when, where, who, really, sorry, pardon, excuse me, i don't know, i don't care, no thanks, no thank you, yes please,
    not now, later, tell me more, more, shut down, how are you, what's up, what time is it, what's the time,
    what day is it, i love it, sounds good, all right, alright, got it, me too, do it, leave me alone`),
  dangling: entries(`a an the this these those my your our their its his every each some any another such
    of to for with from at by into onto about between among against during without within upon toward towards via per than
    in on under behind beside until till since as like unlike except
    and or but nor because although though if unless whether while whereas so that which whose who whom where when whenever
    is are was were am be been being will would can could shall should may might must do does did has have had having
    i'm i'd i'll i've you're you'd you'll we're we'd we'll they're they'd he's she's it's that's there's what's where's who's
    let's gonna wanna gotta not very too really quite rather just only even also maybe perhaps please
    i we they he she and/or versus plus minus times divided equals percent's number called named titled saying says`),
  danglingPhrases:
    entries(`would like, would love, would like to, i want, i want to, want you to, i need, i need to, need you to,
    like to, love to, going to, have to, used to, able to, trying to, can you, could you, would you, will you, can i, could i,
    may i, should i, do you, did you, are you, is there, are there, tell me, give me, show me, send me, get me, let me,
    i think, i think that, i guess, i mean, i was, remind me, how about, what about, as well as, such as, for example,
    and then, and also, or maybe, so that, because of, a few, a couple, kind, a bit of, a lot of, have you got, you got, would you mind, do you mind, a glass, a cup, a piece,
    the first, the second, the next, the last, the other, how much, how many, how long, how far, how old, what kind, what is,
    who is, where is, when is, how is, what are, who are, where are, what's the, is it, add, one hundred and, point,
    my name is, i am, it is, this is, that is, there is, there are, more than, less than, set the, set a, turn the, turn on the`),
  wholeEndings:
    entries(`is it, is this, is that, are they, are you, am i, was it, was that, were they, do you do, do i have, it is,
    they are, you are, who you are, i am, i do, i can, i will, you can, like that, like this, about it, about that, about this,
    for me, with me, to me, with it, of it, of them, to it, for it, for you, to you, for us, to us, for him, for her, to him,
    to her, from me, for that, for this, to that, this, that, those, do that, do this, do i do, i have, i'm in, not, of course,
    of mine, from, come from, look like, sound like, feel like, is it like, talking about, looking for, waiting for,
    what for, was born in, live in, made of, listen to, listening to, going on, come on, go on, hold on, move on, what's on, on at,
    is on, too, me too, as well, so`),
  mishearings: entries("end ends int ant ann anne hand there they're art ore oar off of ad ed din then than them"),
  fillers: entries(`um uh uhm umm uhh er erm ehm hmm hm mm mhm ah eh well like basically actually anyway`),
  courtesies: entries(`please thanks parley`),
  particles: entries(`on off up down in out back away over it them him her me`),
  particleVerbs:
    entries(`turn switch put shut log sign wake pick call hang take bring set close lock start stop play pause resume
    skip open find send read delete remove cancel repeat show tell give ask help let make move change turn's mute dim add give`),
  units:
    entries(`second seconds minute minutes hour hours day days week weeks month months year years o'clock am pm a.m p.m percent
    degrees degree celsius fahrenheit dollars dollar euros euro pounds pound cents cent kilometers kilometres miles meters metres
    kilos kilograms grams liters litres cups spoons inches feet today tomorrow tonight now yesterday monday tuesday wednesday
    thursday friday saturday sunday morning evening afternoon night noon midnight weekend
    january february march april may june july august september october november december`),
  numbers:
    entries(`zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion double triple`),
  transitive:
    entries(`turn, switch, set, add, call, send, open, close, start, find, search, show, tell, give, make, put, read, write,
    remind, remind me, wake, wake me, change, check, buy, order, book, delete, remove, create, schedule, translate, spell, define,
    explain, turn on, turn off, switch on, switch off, look up, how, what, who, where, can, could, would, will, do, is, are`),
  askers:
    entries(`what what's who who's whose where where's when when's why how how's which is are was were do does did can could will
    would should shall may has have am isn't aren't don't doesn't didn't can't couldn't won't wouldn't shouldn't`),
  orders:
    entries(`turn switch set add call send open close start stop find search show tell give make put read write play pause remind wake
    change check buy order book delete remove create schedule translate spell define explain go get take bring skip repeat dim lower
    raise increase decrease mute lock unlock ask feed water wash clean pick pack help leave come use try keep invite let look email text message post tweet cancel save record count describe recommend suggest list`),
  beforeTimes: entries("at past for by until till"),
  verbLast: entries(""),
  lastVerbs: entries(""),
  splitOrders: entries("turn switch put"),
  subordinators: entries(`if when whenever while because although though after before unless once since until as`),
  clauseOpeners: entries("if because when whenever while although though unless whether whereas where who"),
  determiners: entries(
    `a an the this these those my your our their its his her every each some any another no which what's`,
  ),
  attributes:
    entries(`good better best bad worse worst new newest old older oldest young latest last next first second third
    fourth fifth other same different big bigger biggest small smaller large long longer short shorter high higher low lower
    cheap cheaper cheapest nearest closest favourite favorite only own whole main full nice great important local quiet loud
    free fresh special quick little real certain entire single double black white dark`),
  verbs:
    entries(`accept add afford agree allow am announce answer appear are argue arrange arrive ask ate bake be bear beat became
    become been began begin believe belong bite bleed blow book borrow bother bought break bring broke brought build built burn
    buy call came can cancel care carry catch caught cause change charge check choose chose clean clear climb close collect come
    compare complain confirm connect contain continue convert cook cost could count cover create cry cut dance deal decide define
    delete deliver depend describe did die dig dim disappear discover discuss do does drank draw dream drink drive drop drove dry
    eat email end enjoy enter exist expect explain fail fall fear feed feel fell felt fight file fill find finish fit fix flew fly
    follow forget forgot found freeze gave get give go goes got grew grow guess had hang happen has hate have hear heard heat held
    help hide hit hold hope hurt ignore imagine improve include increase install introduce invite is join jump keep kept kick
    kill kiss knew knock know land last laugh lead learn leave led left lend let lie lift like listen live lock look lose lost
    love made make manage mark marry matter may mean meant meet mention met might mind miss move mute must need notice occur
    offer open order organise owe own owns pack paid paint park pass pause pay pick plan play please point post prefer prepare press
    print produce promise protect prove provide pull push put raise ran reach read realise receive recommend record reduce
    refuse remain remember remind remove rent repair repeat replace reply report request rest return ride ring rise rob run rung said
    sang save saw say schedule search see seem seen sell send sent serve set shall share shine shop should shout show shut sing
    sit skip sleep slept smell smile sold solve sort sound speak spell spend spent spoke stand start stay steal stick stole stood
    stop study suffer suggest supply suppose switch swim take talk taste taught teach tell text thank thought think threw throw
    told took touch train translate travel try turn understand understood use visit wait wake walk want was wash waste watch
    water wear went were will win wish woke won wonder work worry would write wrote`),
  objectVerbs:
    entries(`bought brought found gave got lost made met saw seen sent took told wore heard see hear meet add book bring buy cancel check choose convert create define delete describe dim email explain feed find fix
    get give hang increase invite lend lock make mark message need order pay put raise record reduce remove rename repair replace
    save schedule send set show spell take tell text translate use visit want wash wear call close open ask translate`),
  extendedVerbs:
    entries(`tell ask remind send message email text book find search add set play show give put move write buy order
    translate schedule wake read explain look get take bring create make let order record note post`),
  personVerbs: entries(
    "tell ask give show send bring remind teach lend offer get told asked gave showed sent brought promise",
  ),
  persons: entries("me him her us them"),
  prepositions:
    entries(`in on at for from to with by after before until till since around about behind beside between near next over
    under during without as half into onto of`),
  complementVerbs: entries("set put wake"),
  sums: entries("plus minus times divided multiplied percent"),
  nounNumbers: entries("one"),
  subjects: entries("i you we he she they it there"),
  announcers:
    entries(`true remember forget forgot trying probably think guess suppose believe wonder wondering hope mean sure possible chance sounds seems looks feels know heard
    called named certain afraid thinking means says said`),
  reporters:
    entries(`think know say said says tell told remind note down remember hope believe sure heard hear mean means forget
    me him her us them sister brother mother father mum dad wife husband everyone everybody is was`),
  numbered: entries(`number phone telephone dial mobile call plus account card iban`),
  coded: entries(`code pin postcode zip reference id password extension serial room flat platform gate passport`),
  beforeVerbs:
    entries(`to please can could will would should must i you we they and or don't didn't won't can't let's shall may might
    wanna gonna not`),
  objectAskers: entries("what what's who who's whom which whose where"),
  listEnds: entries("and or"),
};
