/** What people say to assistants, whole. The judge's lists were not made from them. */
export const ENGLISH = `what's the weather like in berlin tomorrow
remind me to water the plants tonight
play the latest album by radiohead
how far is the moon from the earth
wake me up at half past six
add milk and eggs to my shopping list
who wrote the old man and the sea
turn down the heating in the bedroom
is there any traffic on the way to work
send a message to anna that i'm running late
what's on my calendar for friday
tell me a joke
could you dim the lights in the kitchen please
set a timer for ten minutes
what does serendipity mean
book a table for two at seven
i want to listen to some classical music
how do you say thank you in japanese
did the post arrive today
open the blinds
call my sister
stop the music
how many calories are in a banana
what's fifteen percent of eighty
can you recommend a good film
delete my alarm
when does the next train to london leave
i would like a cup of tea
read me the news
are the shops open on sunday
lock the front door
what should i cook for dinner
skip this song
convert ten dollars to euros
do i need an umbrella
tell mum i love her
where is the nearest pharmacy
turn the radio off
write down that the meeting was moved to monday
i don't like this song`.split("\n");

export const GERMAN = `wie wird das wetter morgen in hamburg
erinnere mich heute abend an die blumen
spiel das neueste album von radiohead
wie weit ist der mond von der erde entfernt
weck mich um halb sieben
setz milch und eier auf meine einkaufsliste
wer hat den zauberberg geschrieben
dreh die heizung im schlafzimmer runter
gibt es stau auf dem weg zur arbeit
schick anna eine nachricht dass ich später komme
was steht am freitag in meinem kalender
erzähl mir einen witz
kannst du bitte das licht in der küche dimmen
stell einen timer auf zehn minuten
was bedeutet zeitgeist
reserviere einen tisch für zwei um sieben
ich möchte klassische musik hören
wie sagt man danke auf japanisch
ist die post heute schon gekommen
mach die rollläden hoch
ruf meine schwester an
stopp die musik
wie viele kalorien hat eine banane
was sind fünfzehn prozent von achtzig
kannst du mir einen guten film empfehlen
lösch meinen wecker
wann fährt der nächste zug nach münchen
ich hätte gern eine tasse tee
lies mir die nachrichten vor
haben die geschäfte am sonntag offen
schließ die haustür ab
was soll ich heute kochen
nächstes lied bitte
wie viel sind zehn dollar in euro
brauche ich einen regenschirm
sag mama dass ich sie lieb habe
wo ist die nächste apotheke
mach das radio aus
notiere dass die besprechung am montag ist
ich mag dieses lied nicht`.split("\n");
