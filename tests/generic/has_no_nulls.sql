{#
    No row has a null in these columns, all of which one pass looks at. A returned row is one that has, and `nulls` says
    in which columns.
#}
{% test has_no_nulls(model, columns) %}

select
    trim(
        {%- for column in columns %}
        case when {{ column }} is null then '{{ column }} ' else '' end {{ '||' if not loop.last }}
        {%- endfor %}
    ) as nulls,
    *
from {{ model }}
where {{ columns | join(' is null or ') }} is null

{% endtest %}
