-- MRR moves as the simulator's own books say, in every month and size, to the company and the cent. A returned row is a
-- cell of only one of them.
{{ config(enabled=var('simulated')) }}

with

mrr_movements as (

    select * from {{ ref('fct_mrr_movements') }}

),

books as (

    select * from {{ source('truth', 'mrr_movements') }}

),

only_in_books as (

    select * from books
    except
    select * from mrr_movements

),

only_in_marts as (

    select * from mrr_movements
    except
    select * from books

)

select
    'books' as only_in,
    only_in_books.*
from only_in_books

union all

select
    'marts' as only_in,
    only_in_marts.*
from only_in_marts
