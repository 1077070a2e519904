/**
 * What people say with a pause in it: `|` is where they stop to think. The rules of the end-pointer were made with
 * {@link FOR_TUNING} alone; figures are of {@link MEASURED}, which has other sentences, and is spoken by other voices.
 */

/** Sentences by where their pauses lie. */
export type Hesitations = Readonly<Record<string, readonly string[]>>;

const lines = (text: string): readonly string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

export const MEASURED: Hesitations = {
  "behind an opening": lines(`
    I would like | a large cappuccino
    I'd like | to hear some jazz
    could you please | find me a plumber
    I want to | book a room in Vienna
    can you tell me | how to get to the station
    I was wondering | if the museum is open today
    I'm looking for | a birthday present for my mother
    would it be possible | to move my appointment
    what I need is | a train that leaves before noon
    do you know | where I left my car
    I think | we should leave at eight
    let's see | play the second one
    I have to | pick up the children at four`),
  "behind a filler": lines(`
    play um | the new record by Adele
    I need to buy uh | milk and some bread
    call um | doctor Henderson
    what was the name of uh | that actor in the pirate film
    I would like um | two tickets for tonight
    add uh | a dozen eggs to the list
    set an alarm for um | quarter to seven
    so um | what should we eat tonight
    send a message to er | my brother Thomas
    we could uh | go to the beach on Sunday
    it's about um | the broken window in the hall
    turn on the uh | lamp in the corner
    find me er | a recipe with mushrooms`),
  "behind an article or a possessive": lines(`
    where is the | nearest petrol station
    open the | garage door please
    I need a | taxi to the airport
    turn down the | volume in the living room
    what's the | capital of Mongolia
    read me my | messages from this morning
    put it on my | calendar for Wednesday
    who painted the | ceiling of the chapel
    close the | curtains in the bedroom
    how do I fix a | dripping tap
    tell me about the | history of this town
    she forgot her | umbrella on the bus
    start the | washing machine at midnight`),
  "behind a preposition": lines(`
    book a table for | five people
    show me the way to | the city hall
    play something by | Johnny Cash
    what's the weather like in | Edinburgh
    send an email to | the landlord
    remind me about | the parents' evening
    I'm interested in | modern architecture
    how long does it take from | Paris to Rome
    move the meeting to | Thursday afternoon
    look for flights with | no stopover
    tell me more about | black holes
    I parked my car behind | the supermarket
    search for hotels near | the old harbour`),
  "behind a conjunction": lines(`
    turn off the radio and | open the blinds
    I want pizza or | maybe some pasta
    call my wife and | tell her I'm late
    it was nice but | a bit too expensive
    I can't come because | I have a cold
    play some music and | dim the lights
    wake me at six and | start the coffee machine
    I would go if | the weather was better
    we waited for an hour but | nobody came
    write that down so that | we don't forget it
    I don't know whether | the shop is still open
    check the oven and | the front door
    I like the red one although | it costs more`),
  "within a list": lines(`
    add milk | eggs | and butter to my shopping list
    we need bread, | cheese, | and apples
    invite Peter, | Susan, | and Michael
    I bought a hammer, | nails, | and some paint
    put flour, | sugar, | and yeast on the list
    the colours are red, | green, | and blue
    pack a jacket, | two shirts, | and my boots
    I play guitar, | piano, | and a little drums
    order rice, | beans, | and a bottle of oil
    we visited Spain, | Portugal, | and Morocco
    I need screws, | a drill, | and a ladder
    email Anna, | Robert, | and the whole team
    it comes with soup, | salad, | and dessert`),
  "remind me to": lines(`
    remind me to | take out the rubbish
    remind me to call | the dentist tomorrow
    remind me that | the rent is due on Friday
    remind me in an hour to | check the oven
    don't let me forget to | water the garden
    remind me to buy | a new toothbrush
    make a note that | the heating is broken
    remind me on Monday to | send the invoice
    tell my sister that | dinner is at seven
    I have to remember to | charge my phone
    remind me to ask | Julia about the keys
    remind us to | feed the cat tonight
    note that I | paid the electrician`),
  "within a number or an address": lines(`
    my number is zero one five one | two three four | seven eight nine
    the code is four seven | two nine
    my address is twelve | Baker Street
    call five five five | zero one nine nine
    it costs one hundred and | twenty dollars
    the room number is two | hundred and six
    my postcode is | S W one A | one A A
    the reference is eight eight three | six one
    dial plus four four | two zero seven
    I live at forty | Maple Avenue
    the account ends in seven seven | three two
    she was born in nineteen | eighty four
    take bus number three | hundred and ten`),
  "within a time or a date": lines(`
    set a timer for | twenty five minutes
    wake me up at seven | thirty
    schedule a call on | the third of March
    the party is on Saturday the | twelfth
    my flight leaves at | half past nine
    set an alarm for six | forty five
    book it for the first week of | September
    I was there from Monday | to Thursday
    how many days until | the twenty first of June
    the train goes at ten | fifteen
    set the timer to one hour and | ten minutes
    let's meet next Tuesday at | noon
    move it from two o'clock to | half past three`),
  "before a subordinate clause": lines(`
    what should I do | if it rains tomorrow
    turn the heating down | when we leave the house
    call me | as soon as the parcel arrives
    if it is cold tonight, | close the windows
    when I get home, | turn on the lights
    I would like to know | why the door was open
    tell me | when the soup is ready
    after the film, | play some quiet music
    she asked me | whether you are coming
    because it was late, | we took a taxi
    I bought the book | that you told me about
    while I'm away, | water the plants
    I'm not sure | who wrote that letter`),
  "before what belongs to the verb": lines(`
    please translate | good night into Italian
    send | a picture to my parents
    turn on | the fan in the office
    I want | the one on the left
    show me | pictures of the wedding
    give me | a list of vegetarian restaurants
    play | the soundtrack of that film
    find | a cheap hotel in Dublin
    explain | how a vaccine works
    how far is | the moon from here
    what is | the meaning of life
    who was | the first person on the moon
    could you check | my bank balance`),
  "behind a helping verb or a name": lines(`
    the meeting will | start at eleven
    my brother and I are | going to Norway
    the doctor said I should | drink more water
    we have been | waiting for two hours
    the film was | really boring
    my daughter is | afraid of the dark
    the kitchen light | doesn't work any more
    Parley, | what's on the news
    the best thing would be | to ask him directly
    my neighbours | are very loud tonight
    the answer to that | is probably no
    he told me that he | lost his wallet
    this evening I'd rather | stay at home`),
};

export const FOR_TUNING: Hesitations = {
  "behind an opening": lines(`
    I would like | some orange juice
    I'd love to | see that concert
    can you help me | with my homework
    I need to | renew my passport
    is there any chance | to get a refund`),
  "behind a filler": lines(`
    order um | a vegetable curry
    the name is uh | Alexander Brown
    well um | how old is the universe
    put on the er | blue lights
    I think uh | it was last Tuesday`),
  "behind an article or a possessive": lines(`
    lock the | back door
    what is the | speed of light
    I lost my | keys this morning
    find a | good book about Rome
    turn up the | heating in the hall`),
  "behind a preposition": lines(`
    drive me to | the central library
    what's the time in | Tokyo
    play a song from | the seventies
    buy tickets for | the game on Saturday
    I heard it from | a colleague`),
  "behind a conjunction": lines(`
    stop the music and | call my father
    I tried twice but | it did not work
    stay here or | come with me
    I'm late because | the bus broke down
    open the app and | show my orders`),
  "within a list": lines(`
    buy tomatoes, | onions, | and garlic
    I speak English, | French, | and Dutch
    call Tim, | Laura, | and George
    bring plates, | cups, | and napkins`),
  "remind me to": lines(`
    remind me to | lock the shed
    remind me to pay | the phone bill
    remind me that | school starts early
    don't forget to | order the cake
    write down that | Paul owes me ten pounds`),
  "within a number or an address": lines(`
    my number is zero seven seven | four five six
    the pin is one nine | eight four
    I live at thirty | Station Road
    it was three hundred and | fifty euros`),
  "within a time or a date": lines(`
    wake me at five | fifteen
    set a timer for | forty minutes
    the concert is on | the second of May
    I'll be there at eight | thirty
    put it on Friday the | tenth`),
  "before a subordinate clause": lines(`
    what happens | if I press this button
    let me know | when the laundry is done
    if nobody is home, | turn everything off
    when the timer ends, | play a bell
    ask him | whether he has time`),
  "before what belongs to the verb": lines(`
    translate | thank you into French
    show me | the way to the beach
    switch off | the lamp in the hall
    find | a doctor who is open now
    where is | the remote control`),
  "behind a helping verb or a name": lines(`
    the shop will | close at six
    my boss is | on holiday
    I have been | learning Spanish
    the bathroom heater | makes a strange noise
    the other thing is | that we have no time`),
};

/** Without a pause: how soon after the last sound the end is found. Orders and questions as short as they come. */
export const WHOLE: readonly string[] = lines(`
    stop
    no
    yes
    cancel that
    go back
    be quiet
    good morning
    louder please
    turn it off
    start the timer
    stop the alarm
    lights on
    open the curtains
    close the door
    lock the car
    mute the television
    turn up the volume
    turn on the fan in the bathroom
    set an alarm for half past six
    set a timer for twenty minutes
    play the next episode
    play some piano music
    call Robert
    call the office please
    text my wife that I am on my way
    what's your name
    what is the capital of Peru
    who wrote Hamlet
    where is the nearest supermarket
    when is Easter
    how old are you
    how far is it to Manchester
    how do I get to the airport
    why is the sky blue
    is the front door locked
    are there any new messages
    do you speak Spanish
    can you hear me
    could you close the blinds please
    will it snow tonight
    what's the score
    put apples on the list
    add coffee to my list
    remind me to take my pills tonight
    what's on my calendar for Friday
    tell me about the Roman empire
    translate cheese into Spanish
    I need a taxi
    I'm home
    let's watch a film`);

/** The same, for tuning. */
export const WHOLE_FOR_TUNING: readonly string[] = lines(`
    stop
    yes please
    no thank you
    next song
    pause the music
    what time is it
    turn off the lights
    turn the radio down
    volume up
    cancel the alarm
    thank you
    good night
    who is that
    is it raining
    what's the weather tomorrow
    set a timer for ten minutes
    call my mother
    where are my keys
    tell me a joke
    lock the front door
    how are you
    open the window
    play some music
    repeat that please
    never mind
    add butter to the shopping list
    when does the bus leave
    how tall is Mount Everest
    read the news
    what did you say
    close the garage
    remind me to call Sarah at five
    turn the heating up
    skip this track
    how much is a pound in dollars
    what's on television tonight
    send Maria a message
    switch the kitchen light on
    do I need a coat today
    delete the last note
    what day is it today
    dim the bedroom lights
    who won the match yesterday
    find a restaurant nearby
    say that again
    are you still there
    wake me up at seven
    I'm going to bed now
    that's enough
    how do you spell necessary`);
